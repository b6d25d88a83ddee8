# Part of Maek, under the MIT licence; see LICENSE.
"""The contestants with products of bf16 and of int8, where they have some.
Weights of int8 have a scale for each column; what they are multiplied by is
calibrated on the workload's input, or, where a library offers that alone,
measured in each call."""
import pathlib
import subprocess

import contestants


class TorchBFloat16(contestants.Torch):
    """Weights and activations of bf16."""
    @staticmethod
    def takes(workload):
        return not workload.trains and workload.kind != "attention_backward"

    @staticmethod
    def compiled(network, workload):
        import torch
        network = network.eval().bfloat16()

        def run(*tensors):
            short = [x.bfloat16() if x.is_floating_point() else x for x in tensors]
            value = network(*short)
            values = value if isinstance(value, tuple) else (value,)
            values = tuple(x.float() if x.is_floating_point() else x for x in values)
            return values if isinstance(value, tuple) else values[0]
        return run


class InductorBFloat16(TorchBFloat16):
    @staticmethod
    def takes(workload):
        return TorchBFloat16.takes(workload) and contestants.Inductor.takes(workload)

    @staticmethod
    def compiled(network, workload):
        import torch
        return torch.compile(TorchBFloat16.compiled(network, workload))


class TorchInt8(contestants.Torch):
    """Linear and recurrent layers with dynamic quantization."""
    takes = TorchBFloat16.takes

    @staticmethod
    def compiled(network, workload):
        import torch
        from torch.ao.quantization import quantize_dynamic
        return quantize_dynamic(network.eval(), {torch.nn.Linear, torch.nn.LSTM, torch.nn.GRU},
                                dtype=torch.qint8)


class OpenVINOBFloat16(contestants.OpenVINO):
    precision = "bf16"


class _Inputs:
    """The workload's inputs, once."""
    def __init__(self, case):
        self.feeds = iter([{f"x{i}": x for i, x in enumerate(contestants.inputs_of(case))}])

    def get_next(self):
        return next(self.feeds, None)


def quantized(case, dynamic):
    """The ONNX file with quantized products; kept beside it."""
    from onnxruntime.quantization import QuantFormat, QuantType, quantize_dynamic, quantize_static
    source = case / "model.onnx"
    made = case / f"model-{'dynamic' if dynamic else 'static'}.onnx"
    if made.exists() and made.stat().st_mtime > source.stat().st_mtime:
        return made
    if dynamic:
        quantize_dynamic(source, made, per_channel=True, weight_type=QuantType.QInt8)
    else:
        quantize_static(source, made, _Inputs(case), quant_format=QuantFormat.QDQ,
                        per_channel=True, activation_type=QuantType.QUInt8,
                        weight_type=QuantType.QInt8)
    return made


class OnnxRuntimeInt8(contestants.OnnxRuntime):
    """Of recurrent layers it has dynamic quantization alone."""
    @staticmethod
    def file(workload, case):
        return quantized(case, "recurrent" in workload.kind)


class OpenVINOInt8(contestants.OpenVINO):
    """Of what ONNX Runtime's tools quantized."""
    precision = "bf16"  # of the rest, its default

    @staticmethod
    def takes(workload):
        return contestants.OpenVINO.takes(workload) and "recurrent" not in workload.kind

    @staticmethod
    def file(workload, case):
        return quantized(case, dynamic=False)


class MaekBFloat16(contestants.Maek):
    precision = "bf16"


class MaekInt8(contestants.Maek):
    precision = "int8"

    @staticmethod
    def weights(case):
        """What `calibrate` of a program makes, on the workload's inputs."""
        import adapt
        import numpy
        made = case / "weights-int8.safetensors"
        program, source = case / "maek-int8", case / "weights.safetensors"
        if made.exists() and made.stat().st_mtime > max(
                program.stat().st_mtime, source.stat().st_mtime):
            return made
        from workloads import WORKLOADS
        folder = case / "calibration"
        folder.mkdir(exist_ok=True)
        workload = WORKLOADS[pathlib.Path(case).name]
        values = adapt.inputs(workload, contestants.inputs_of(case))
        if workload.kind in ("vit", "cnn"):  # what an evaluation compares with
            values["label"] = numpy.zeros(workload.sizes["B"], "i4")
        for name, value in values.items():
            for half in ("train", "test"):
                numpy.save(folder / f"{half}-{name}.npy", value)
        subprocess.run([program, "calibrate", "--weights", source, "--output", made, "--data",
                        "npy", "--data-dir", folder, "--quiet"], check=True,
                       stdout=subprocess.DEVNULL)
        return made


SHORT = {"bf16": {"maek-bf16": MaekBFloat16, "torch-bf16": TorchBFloat16,
                  "inductor-bf16": InductorBFloat16, "openvino-bf16": OpenVINOBFloat16},
         "int8": {"maek-int8": MaekInt8, "torch-int8": TorchInt8,
                  "onnxruntime-int8": OnnxRuntimeInt8, "openvino-int8": OpenVINOInt8}}

EVERYBODY = contestants.CONTESTANTS | SHORT["bf16"] | SHORT["int8"]
