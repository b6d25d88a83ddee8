# Part of Maek, under the MIT licence; see LICENSE.
"""Who takes part. Each class makes a workload ready with so many threads; then
`call` runs it once, and `result` gives the latest run's outcome in the layout
of networks.py. `takes` says which workloads it can run. Libraries are imported
where they are used: those of other contestants may be missing."""
import ctypes
import os
import pathlib


class Torch:
    """PyTorch, eager."""
    @staticmethod
    def takes(workload):
        return True

    @staticmethod
    def compiled(network, workload):
        return network

    def __init__(self, workload, case, threads):
        import torch

        import networks
        torch.set_num_threads(threads)
        network, inputs = networks.make(workload)
        tensors = [torch.from_numpy(value) for value in inputs]
        run = self.compiled(network, workload)
        self.value = None
        if workload.kind == "attention_backward":
            *parts, seed = tensors
            for part in parts:
                part.requires_grad_()

            def call():
                self.value = torch.autograd.grad(run(*parts), parts, seed)
        elif workload.trains:
            network.train()
            adam = torch.optim.Adam(network.parameters(), 1e-3, fused=True)

            def call():
                adam.zero_grad(set_to_none=True)
                loss = run(*tensors)
                loss.backward()
                adam.step()
                self.value = loss
        elif workload.generates:
            network.eval()
            nothing = torch.from_numpy(networks.nothing_seen(workload.sizes))

            def call():
                scores, seen = [], nothing
                with torch.no_grad():
                    for text in tensors[0].split(1, dim=1):
                        y, seen = run(text, seen)
                        scores.append(y)
                self.value = torch.cat(scores, 1)
        else:
            network.eval()

            def call():
                with torch.no_grad():
                    self.value = run(*tensors)
        self.call = call

    def result(self):
        value = self.value if isinstance(self.value, tuple) else [self.value]
        return [one.detach().numpy() for one in value]


class Inductor(Torch):
    """torch.compile, with its weights frozen for inference."""

    @staticmethod
    def takes(workload):
        # It unrolls the steps of recurrent networks: a minute each to compile.
        # Each length of what is kept is a graph of its own to it.
        return ("recurrent" not in workload.kind and workload.kind != "attention_backward"
                and not workload.generates)

    @staticmethod
    def compiled(network, workload):
        import torch
        import torch._inductor.config
        torch._inductor.config.freezing = not workload.trains
        return torch.compile(network)


class OnnxRuntime:
    @staticmethod
    def takes(workload):
        return not workload.trains and workload.kind != "attention_backward"

    @staticmethod
    def file(workload, case):
        return case / "model.onnx"

    def __init__(self, workload, case, threads):
        import onnxruntime
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads, options.inter_op_num_threads = threads, 1
        session = onnxruntime.InferenceSession(self.file(workload, case), options,
                                               providers=["CPUExecutionProvider"])
        feed = {f"x{i}": value for i, value in enumerate(inputs_of(case))}

        def call():
            self.value = session.run(None, feed)

        def generate():
            import numpy
            scores, seen = [], nothing
            for i in range(workload.sizes["T"]):
                y, seen = session.run(None, {"x0": feed["x0"][:, i:i + 1], "x1": seen})
                scores.append(y)
            self.value = [numpy.concatenate(scores, 1)]
        if workload.generates:
            import networks
            nothing = networks.nothing_seen(workload.sizes)
        self.call = generate if workload.generates else call

    def result(self):
        return self.value


class OpenVINO:
    """In f32: on machines with bf16 that is not its default."""
    precision = "f32"

    @staticmethod
    def takes(workload):
        return OnnxRuntime.takes(workload) and not workload.generates

    file = staticmethod(OnnxRuntime.file)

    def __init__(self, workload, case, threads):
        import openvino
        model = openvino.Core().compile_model(str(self.file(workload, case)), "CPU", {
            "INFERENCE_NUM_THREADS": threads, "NUM_STREAMS": 1,
            "PERFORMANCE_HINT": "LATENCY", "INFERENCE_PRECISION_HINT": self.precision})
        self.request = model.create_infer_request()
        for port, value in zip(model.inputs, inputs_of(case)):
            self.request.set_tensor(port, openvino.Tensor(value, shared_memory=False))
        self.call = self.request.infer

    def result(self):
        return [self.request.get_output_tensor(0).data.copy()]


class JAX:
    @staticmethod
    def takes(workload):
        return not workload.generates

    def __init__(self, workload, case, threads):
        import networks_jax
        self.call, self.result = networks_jax.ready(
            workload, weights_of(case), inputs_of(case))


class Tensor(ctypes.Structure):
    """maek_tensor_t"""
    _fields_ = [("name", ctypes.c_char_p), ("dtype", ctypes.c_int),
                ("rank", ctypes.c_int32), ("shape", ctypes.POINTER(ctypes.c_int64)),
                ("data", ctypes.c_void_p)]


class Maek:
    """The shared library that `maek build` made, by its C interface."""
    TYPES = {"f": 1, "i": 3}  # maek_dtype_t
    precision = "f32"

    @staticmethod
    def takes(workload):
        return True

    @staticmethod
    def weights(case):
        return case / "weights.safetensors"

    def __init__(self, workload, case, threads):
        import numpy

        import adapt
        self.library = library = ctypes.CDLL(str(case / f"libmaek-{self.precision}.so"))
        library.maek_model_last_error.restype = ctypes.c_char_p
        library.maek_module.restype = ctypes.c_void_p
        self.model = ctypes.c_void_p()
        self.check(library.maek_model_create(ctypes.c_void_p(library.maek_module()), None,
                                             ctypes.byref(self.model)))
        self.check(library.maek_model_set_threads(self.model, threads))
        if weights_of(case):
            self.check(library.maek_model_load(
                self.model, os.fsencode(self.weights(case))))
        self.workload = workload
        inputs = adapt.inputs(workload, inputs_of(case))
        self.kept = []  # what the arguments point to
        arguments = (Tensor * len(inputs))()
        for argument, (name, value) in zip(arguments, inputs.items()):
            value = numpy.ascontiguousarray(
                value, "f4" if value.dtype.kind == "f" else "i4")
            shape = (ctypes.c_int64 * value.ndim)(*value.shape)
            self.kept += [value, shape]
            argument.name, argument.dtype = name.encode(), self.TYPES[value.dtype.kind]
            argument.rank, argument.shape = value.ndim, shape
            argument.data = value.ctypes.data
        if workload.trains:
            step = library.maek_model_train_step
            rest = [ctypes.c_double(1e-3), ctypes.c_int64(10**6)]
        else:
            step, rest = library.maek_model_forward, []
        count = ctypes.c_size_t(len(inputs))
        if workload.generates:
            self.call = lambda: self.generate(arguments[0], self.kept[0])
            return

        def call():
            status = step(self.model, arguments, count, *rest)
            if status:
                self.check(status)
        self.call = call

    def generate(self, text, classes):
        import numpy
        longest = classes.shape[1]
        self.check(self.library.maek_model_generate_begin(
            self.model, None, ctypes.c_size_t(0), ctypes.c_int64(longest)))
        text.shape, scores = (ctypes.c_int64 * 2)(1, 1), Tensor()
        self.scores = []
        for i in range(longest):
            text.data = classes.ctypes.data + i * classes.itemsize
            self.check(self.library.maek_model_generate_step(self.model, ctypes.byref(text)))
            self.check(self.library.maek_model_result(
                self.model, b"generate_step", b"logits", ctypes.byref(scores)))
            data = ctypes.string_at(scores.data, 4 * scores.shape[2])
            self.scores.append(numpy.frombuffer(data, "f4"))

    def check(self, status):
        if status:
            raise RuntimeError(self.library.maek_model_last_error(self.model).decode())

    def result(self):
        import numpy

        import adapt
        if self.workload.generates:
            return [numpy.stack(self.scores)[None]]
        values = {}
        for name in adapt.outputs(self.workload):
            tensor = Tensor()
            self.check(self.library.maek_model_result(
                self.model, self.workload.entry.encode(), name.encode(),
                ctypes.byref(tensor)))
            shape = tensor.shape[:tensor.rank]
            data = ctypes.cast(tensor.data, ctypes.POINTER(ctypes.c_float))
            values[name] = numpy.ctypeslib.as_array(data, shape or (1,)).reshape(shape).copy()
        return adapt.results(self.workload, values)


CONTESTANTS = {"maek": Maek, "torch": Torch, "inductor": Inductor, "onnxruntime": OnnxRuntime,
               "openvino": OpenVINO, "jax": JAX}


def inputs_of(case):
    import numpy
    stored = numpy.load(case / "inputs.npz")
    return [stored[f"x{i}"] for i in range(len(stored.files))]


def weights_of(case):
    from safetensors.numpy import load_file
    file = pathlib.Path(case) / "weights.safetensors"
    return load_file(file) if file.exists() else {}
