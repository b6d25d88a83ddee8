# Part of Maek, under the MIT licence; see LICENSE.
"""Makes a workload's case: inputs, weights, the right results (PyTorch in double
precision; of training, the losses of the first steps) and the ONNX file.
  prepare.py FOLDER WORKLOAD..."""
import pathlib
import sys
import warnings

import numpy
import torch
from safetensors.numpy import save_file

import networks
from workloads import WORKLOADS

TRAINING_STEPS = 5


def reference(workload):
    network, inputs = networks.make(workload, fused=False)
    network.double()
    inputs = [torch.from_numpy(value) for value in inputs]
    inputs = [x.double() if x.is_floating_point() else x for x in inputs]
    if workload.kind == "attention_backward":
        *parts, seed = inputs
        for part in parts:
            part.requires_grad_()
        return torch.autograd.grad(network(*parts), parts, seed)
    if not workload.trains:
        # Of all characters at once what is generated one by one.
        run = super(type(network), network).forward if workload.generates else network
        with torch.no_grad():
            return [run(*inputs)]
    adam, losses = torch.optim.Adam(network.parameters(), 1e-3), []
    for _ in range(TRAINING_STEPS):
        adam.zero_grad()
        loss = network(*inputs)
        loss.backward()
        adam.step()
        losses.append(loss.detach())
    return losses


def prepare(workload, folder):
    folder.mkdir(parents=True, exist_ok=True)
    network, inputs = networks.make(workload, fused=False)
    numpy.savez(folder / "inputs.npz", **{f"x{i}": value for i, value in enumerate(inputs)})
    weights = {name: value.numpy() for name, value in network.state_dict().items()}
    if weights:
        save_file(weights, folder / "weights.safetensors")
    if not workload.trains and workload.kind != "attention_backward":
        outputs, grows = ["y"], {}
        if workload.generates:
            inputs = [inputs[0][:, :1], networks.nothing_seen(workload.sizes)]
            outputs, grows = ["y", "seen"], {"x1": {4: "N"}, "seen": {4: "N1"}}
        torch.onnx.export(
            network.eval(), tuple(torch.from_numpy(value) for value in inputs),
            str(folder / "model.onnx"), opset_version=17, dynamo=False,
            input_names=[f"x{i}" for i in range(len(inputs))], output_names=outputs,
            dynamic_axes=grows)
    # Last: what says that the case is complete.
    numpy.savez(folder / "reference.npz",
                **{f"y{i}": value.numpy() for i, value in enumerate(reference(workload))})


def main():
    warnings.filterwarnings("ignore")
    folder = pathlib.Path(sys.argv[1])
    for name in sys.argv[2:]:
        prepare(WORKLOADS[name], folder / name)


if __name__ == "__main__":
    main()
