"""Reference implementations: what student code is compared with and the lectures run.

One module a page of the lecture. Take names from the module: metrics then load no networks.

    metrics, losses                         how good a segmentation is, and what is minimised
    transfer, probe                         freezing, new heads, falling rates, a linear probe
    training, evaluation, placement,        the loop, its measures, device and precision,
    checkpoints                             and what survives an interrupt
    receptive_field, patches                what a unit sees, and what excites it most
    class_pictures, picture_priors, dream   pictures that a class or a layer likes best
    fcn, upsampling                         fully convolutional networks, 32s, 16s, 8s
    unet                                    U-Net, up-convolution, crop and copy
    dilated, front_end                      dilated convolutions, context network, front end
"""
