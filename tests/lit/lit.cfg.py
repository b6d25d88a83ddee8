import os

import lit.formats

config.name = "maek-" + config.part
config.test_format = lit.formats.ShTest(execute_external=False)
config.suffixes = [".mlir", ".maek"]
config.test_source_root = os.path.join(config.maek_src, "tests/lit", config.part)
config.test_exec_root = os.path.join(os.path.dirname(config.maek_bin), "tests/lit",
                                     config.part, "out")
config.environment["PATH"] = os.pathsep.join(
    [config.maek_bin, config.llvm_tools, config.environment["PATH"]])
config.substitutions.append(("%models", os.path.join(config.maek_src, "models")))
