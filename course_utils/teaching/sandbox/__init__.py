"""Where students' code runs: a kernel under bubblewrap, forked from a warm process.

    provisioner  the Jupyter kernel provisioner "course-sandbox", which puts the rest together
    policy       what a kernel sees: files, environment, sizes of its own folders
    bubblewrap   the policy as arguments of `bwrap`; whether this machine can make sandboxes
    programs     where bwrap and the other programs are found
    refusals     why bwrap could make no sandbox, in words, and what to do
    seccomp      which system calls it may not make
    keyring      it has none of the keys of who grades
    namespace    one running sandbox: its first process, how it is started and killed
    limits       what a kernel may use, set by the kernel of Linux
    watcher      what only looking can limit: memory of many processes, their number, time
    warm         kernels forked from a process that has torch imported
    channels     how much a kernel may send

Sandboxes keep a process in. What it does to its own interpreter is the judge's concern.
"""
