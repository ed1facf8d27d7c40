"""The names that `suspicions` looks for in a hand-in, by what the instructor is told.

A dotted name covers all below it. A name with a star at the end covers what begins so.
"""

import re

__all__ = [
    "ALLOWED_IMPORTS",
    "ATTRIBUTES",
    "CELL_MAGICS",
    "DOTTED",
    "INSTALLS",
    "LINE_MAGICS",
    "WORDS",
    "covers",
]

# Dotted names, once imports and aliases are followed.
DOTTED = {
    "interpreter": (
        *("IPython.core", "IPython.terminal", "IPython.utils", "ipykernel", "jupyter_client"),
        *("IPython.get_ipython.events", "get_ipython.events", "get_ipython.kernel"),
        *("get_ipython.display_pub", "get_ipython.formatters", "get_ipython.user_ns"),
        *("IPython.InteractiveShell", "IPython.display.publish_display_data", "nbclient"),
        *("get_ipython.register_*", "get_ipython.push", "get_ipython.hooks", "traitlets"),
    ),
    "patched": (
        *("sys.meta_path", "sys.path_hooks", "sys.excepthook", "sys.displayhook"),
        *("unittest.mock", "sys.modules.*", "builtins.__dict__", "__builtins__"),
    ),
    "inside": (
        *("ctypes", "_ctypes", "cffi", "sys._getframe", "sys._current_frames"),
        *("inspect.stack", "inspect.currentframe", "inspect.trace", "inspect.getouterframes"),
        *("inspect.getinnerframes", "gc.get_objects", "gc.get_referrers", "gc.get_referents"),
        *("sys.settrace", "sys.setprofile", "sys.addaudithook", "sys.monitoring", "atexit"),
        *("threading.settrace", "threading.setprofile", "faulthandler", "resource.setrlimit"),
        *("torch._C", "torch.overrides._*", "torch.utils._python_dispatch"),
        *("types.CodeType", "types.FunctionType", "codeop", "_frozen_importlib"),
    ),
    "ends": (
        *("os._exit", "os.abort", "os.kill", "os.killpg", "sys.exit", "exit", "quit"),
        *("signal.signal", "signal.alarm", "signal.setitimer", "signal.raise_signal"),
        *("signal.pthread_kill", "signal.pthread_sigmask", "signal.siginterrupt", "SystemExit"),
    ),
    "processes": (
        *("subprocess", "os.system", "os.popen", "os.fork*", "os.spawn*", "os.exec*"),
        *("os.posix_spawn*", "os.setsid", "pty", "asyncio.create_subprocess_*"),
        *("multiprocessing.shared_memory", "threading", "_thread"),
        *("get_ipython.system", "get_ipython.getoutput", "os.startfile"),
    ),
    "network": (
        *("socket", "socketserver", "ssl", "urllib.request", "urllib3", "requests", "httpx"),
        *("http.client", "http.server", "ftplib", "smtplib", "aiohttp", "paramiko", "wget"),
        *("xmlrpc", "telnetlib", "pip", "websockets"),
    ),
    "history": (
        *("get_ipython.history_manager", "In", "Out"),
        *("_ih", "_oh", "_dh", "_i", "_ii", "_iii"),
    ),
    "course": (
        *("course_utils.checks", "course_utils.reference", "course_utils.teaching", "nbgrader"),
    ),
    "hidden": (
        *("eval", "exec", "compile", "marshal", "importlib.util.spec_from_*", "code", "runpy"),
        *("get_ipython.ex", "get_ipython.ev", "torch.jit.CompilationUnit", "torch.jit.load"),
        *("torch.utils.cpp_extension",),
    ),
}

# What the released set-up and hand-in cells themselves use.
ALLOWED_IMPORTS = {
    "course_utils.checks",
    "course_utils.checks.hand_in",
    "course_utils.checks.for_assignment",
    "course_utils.checks.CheckFailed",
}

# Attributes of anything: these words have no other use in a notebook.
ATTRIBUTES = {
    "interpreter": {
        *("input_transformers_post", "input_transformers_cleanup", "input_transformer_manager"),
        *("ast_transformers", "ast_node_interactivity", "display_formatter", "set_custom_exc"),
        *("mimebundle_formatter", "ipython_display_formatter", "showtraceback"),
        *("_showtraceback", "run_cell", "run_cell_async", "run_ast_nodes", "run_code"),
        *("showsyntaxerror", "history_manager", "display_pub", "publish_display_data"),
        *("safe_execfile", "execution_count", "do_execute", "parent_header"),
    },
    "inside": {
        *("f_back", "f_globals", "f_locals", "f_builtins", "tb_frame", "gi_frame", "cr_frame"),
        *("ag_frame", "__subclasses__", "__globals__", "__code__", "__closure__", "co_code"),
    },
}

# Packages by their names alone: Colab's way to have a library. There is no network here.
INSTALLS = re.compile(
    r"[!%]\s*pip3?\s+install(\s+(-[qU]+|--quiet|--upgrade|\w[\w.-]*(\[[\w,]+\])?([<>=~!]=?[\w.]+)?))+"
)

CELL_MAGICS = {
    "processes": {
        *("bash", "sh", "script", "system", "sx", "cmd", "powershell", "perl", "ruby"),
        *("python", "python2", "python3", "pypy", "cython"),
    },
    "interpreter": {"javascript", "js", "html", "HTML"},
    "files": {"writefile", "file"},
}

LINE_MAGICS = {
    "processes": {"system", "sx", "sc", "alias", "alias_magic", "bg", "killbgscripts"},
    "network": {"pip", "conda", "mamba", "micromamba", "uv"},
    "files": {"cd", "pushd", "load", "loadpy", "run", "store", "pycat", "save"},
    "history": {"hist", "history", "recall", "rep", "rerun", "macro", "logstart", "notebook"},
    "interpreter": {"load_ext", "reload_ext", "unload_ext", "pdb"},
}

# For cells that cannot be parsed: words that say enough by themselves.
WORDS = {
    "inside": (r"\bctypes\b", r"\bsys\s*\.\s*_getframe\b", r"\bgc\s*\.\s*get_(objects|refer)"),
    "ends": (r"\bos\s*\.\s*(_exit|kill|abort)\b", r"\bSystemExit\b", r"\bsignal\s*\.\s*signal"),
    "processes": (r"\bsubprocess\b", r"\bos\s*\.\s*(system|popen|fork)\b"),
    "network": (r"\bsocket\b", r"\burllib\b", r"\brequests\s*\.\s*(get|post)\b"),
    "interpreter": (r"\b(input_transformers_\w+|ast_transformers|showtraceback|run_cell)\b",),
    "files": (r"/proc/", r"\bgradebook\.db\b"),
}


def covers(names: tuple[str, ...], dotted: str) -> bool:
    """Whether one of `names` covers the dotted name."""
    for name in names:
        if name.endswith("*"):
            if dotted.startswith(name[:-1]):
                return True
        elif dotted == name or dotted.startswith(name + "."):
            return True
    return False
