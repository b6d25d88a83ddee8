# Part of Maek, under the MIT licence; see LICENSE.
"""Inputs and results of networks.py in the layouts of the Maek models, whose
batch is always the first axis and whose images have their channels last."""

NAMES = {"product": ["a", "b"], "skinny": ["x"], "recurrent": ["x"],
         "recurrent_training": ["x", "label"], "attention": ["q", "k", "v"],
         "attention_backward": ["q", "k", "v", "g"], "encoder_layer": ["x"],
         "char_lm": ["text"], "char_lm_training": ["text", "next"],
         "generation": ["text"], "vit": ["image"],
         "distillation_training": ["image", "label"],
         "cnn": ["image"], "cnn_training": ["image", "label"]}
OUTPUTS = {"product": ["y"], "skinny": ["y"], "recurrent": ["y"], "attention": ["y"],
           "attention_backward": ["dq", "dk", "dv"], "encoder_layer": ["y"],
           "char_lm": ["logits"], "vit": ["logits"], "cnn": ["logits"]}


def inputs(workload, values):
    """Name: array."""
    if "recurrent" in workload.kind:
        values = [values[0].swapaxes(0, 1), *values[1:]]
    elif workload.kind == "product":
        values = [value[None] for value in values]
    elif "cnn" in workload.kind:
        values = [values[0].transpose(0, 2, 3, 1), *values[1:]]
    return dict(zip(NAMES[workload.kind], values, strict=True))


def outputs(workload):
    return ["loss"] if workload.trains else OUTPUTS[workload.kind]


def results(workload, values):
    """The arrays of networks.py."""
    arrays = [values[name] for name in outputs(workload)]
    if workload.kind == "recurrent":
        return [arrays[0].swapaxes(0, 1)]
    if workload.kind == "product":
        return [arrays[0][0]]
    return arrays
