// Part of Maek, under the MIT licence; see LICENSE.
#include "dsl/ForeignSyntax.h"

#include "llvm/ADT/StringSwitch.h"

using namespace llvm;

namespace maek::dsl {

StringRef getForeignHint(StringRef word) {
  return StringSwitch<StringRef>(word)
      .Cases({"and", "&", "&&"}, "; both of a and b hold where a * b does")
      .Cases({"or", "|", "||"}, "; one of a and b holds where max(a, b) does")
      .Cases({"not", "!"}, "; the opposite of a is 1 - a")
      .Cases({"if", "?"}, "; 'a if c else b' is where(c, a, b)")
      .Case("**", "; a power is 'x^y'")
      .Case("//", "; a quotient is 'x / y', a comment begins with '#'")
      .Case("%", "; there is no remainder")
      .Case("@", "; the product is '·' or 'dot'")
      .Case(";", "; a statement needs none at its end")
      .Case("'", "; a text stands in \"…\"")
      .Default("");
}

StringRef getForeignStatement(StringRef word) {
  return StringSwitch<StringRef>(word)
      .Cases({"if", "elif", "else", "switch", "match"},
             "; there is no 'if': where(c, a, b) chooses between two values")
      .Cases({"while", "loop", "repeat"},
             "; a cell is a loop over a sequence, 'for l in 1..n { … }' "
             "repeats equations")
      .Case("/", "; a comment begins with '#'")
      .Cases({"print", "log"}, "; a run shows metrics: 'metric size = "
                               "mean(abs(y))'")
      .Cases({"assert", "check"}, "; sizes are checked by themselves")
      .Case("return", "; the result is what stands behind '->', or 'fn f(x) = "
                      "…'")
      .Cases({"def", "function", "func", "lambda"},
             "; a function is 'fn f(x) = …', that of a layer 'apply (x : [d]) "
             "= …'")
      .Case("class", "; a network is a 'model', a part of one a 'layer' or a "
                     "'cell'")
      .Cases({"forward", "call", "__call__", "__init__", "init", "setup"},
             "; a layer has 'apply', a cell 'step'; what they use is stated "
             "before it")
      .Cases({"let", "var", "const", "auto", "val"},
             "; an equation is a name, '=' and a value")
      .Cases({"self", "this"}, "; a name stands by itself: 'fc = Linear(3, 4)'")
      .Cases({"from", "using", "include"},
             "; another file's definitions: 'import \"blocks.maek\"'")
      .Cases({"register_buffer", "buffer"},
             "; 'running mean : [C] = 0' is followed and not trained")
      .Cases({"parameter", "weight", "variable"},
             "; 'param W : [n, m] ~ normal(0, 0.1)'")
      .Default("");
}

StringRef getForeignName(StringRef name) {
  return StringSwitch<StringRef>(name)
      .Case("maximum", "; that is 'max(a, b)'")
      .Case("minimum", "; that is 'min(a, b)'")
      .Cases({"Dense", "dense", "FullyConnected", "Affine"},
             "; that layer is 'Linear(I, O)'")
      .Cases({"Conv2D", "Conv"}, "; that layer is 'Conv2d(I, O, size)'")
      .Cases({"Conv1d", "Conv1D", "Conv3d", "ConvTranspose2d"},
             "; there is 'Conv2d'; others are made of 'window' and 'einsum'")
      .Cases(
          {"BatchNorm1d", "BatchNorm2d", "BatchNorm3d", "BatchNormalization"},
          "; that layer is 'BatchNorm(C)'")
      .Case("LayerNormalization", "; that layer is 'LayerNorm(d)'")
      .Cases({"SimpleRNN", "RNNCell"}, "; that cell is 'RNN(I, H)'")
      .Case("LSTMCell", "; that cell is 'LSTM(I, H)'")
      .Case("GRUCell", "; PyTorch's is 'ResetAfterGRU(I, H)'")
      .Cases({"Bidirectional", "BiLSTM"},
             "; in both directions: [f(x), reverse(g(reverse(x)))], each of f "
             "and g an LSTM")
      .Cases({"MultiheadAttention", "SelfAttention"},
             "; that layer is 'MultiHeadAttention(d, heads)'")
      .Cases({"TransformerEncoderLayer", "EncoderLayer"},
             "; that layer is 'TransformerBlock(d, heads)', or "
             "'PostNormBlock(d, heads)'")
      .Cases({"TransformerDecoderLayer", "DecoderLayer"},
             "; that layer is 'DecoderBlock(d, heads)', or "
             "'PostNormDecoderBlock(d, heads)'")
      .Cases({"Dropout", "Dropout2d"}, "; that is a function: 'dropout(x, p)'")
      .Cases({"Sequential", "ModuleList", "Model", "Module"},
             "; layers follow one another in equations: y = Linear(8, "
             "2)(relu(h)), or 'for l in 1..depth { … }'")
      .Cases({"Flatten", "flatten", "view", "squeeze"},
             "; 'reshape(x, [n, d])' states every size")
      .Cases({"unsqueeze", "expand_dims"},
             "; sizes of 1 are not repeated: to scale rows, 'fn scale(row : "
             "[d], m : []) = row * m'")
      .Cases({"MaxPool2d", "MaxPooling2D", "max_pool2d"},
             "; that is a function: 'max_pool(x, size)'")
      .Cases({"AvgPool2d", "AveragePooling2D", "avg_pool2d"},
             "; that is a function: 'avg_pool(x, size)'")
      .Cases({"Upsample", "UpSampling2D", "interpolate", "repeat", "tile"},
             "; 'concat' of what 'reshape' gives axes of size 1: see 'double' "
             "in docs/from-pytorch.md")
      .Cases({"GlobalAveragePooling2D", "AdaptiveAvgPool2d"},
             "; that is 'mean(x, axis = [0, 1])'")
      .Cases({"CrossEntropyLoss", "SparseCategoricalCrossentropy",
              "softmax_cross_entropy", "nll_loss"},
             "; that loss is 'cross_entropy(logits, label)'")
      .Cases({"MSELoss", "mse_loss", "MeanSquaredError"},
             "; that loss is 'mse(y, target)'")
      .Cases({"L1Loss", "l1_loss"}, "; that loss is 'mean(abs(y - target))'")
      .Cases({"BCEWithLogitsLoss", "BCELoss",
              "binary_cross_entropy_with_logits", "binary_cross_entropy",
              "sigmoid_cross_entropy"},
             "; of scores z that loss is 'mean(softplus(z) - y * z)'")
      .Cases({"KLDivLoss", "kl_div"}, "; that is 'kl(p, q)'")
      .Cases({"matmul", "mm", "bmm", "multi_dot"},
             "; the product is 'a · b' or 'a dot b'")
      .Cases({"cat", "concatenate", "hstack", "vstack"},
             "; that is '[a, b]' along the last axis, or 'concat(a, b, axis = "
             "0)'")
      .Case("stack", "; that is 'concat' of what 'reshape' gives an axis more")
      .Cases({"transpose", "swapaxes", "t"},
             "; that is 'xᵀ', or 'permute(x, [1, 0])'")
      .Cases({"chunk", "split", "narrow"}, "; parts are taken by 'x[:H]', "
                                           "'x[H:2 * H]'")
      .Cases({"pow", "square"}, "; a power is 'x^y', or 'x²'")
      .Cases({"ln", "log_e"}, "; that is 'log(x)'")
      .Cases({"clip", "clamp_", "clip_by_value"},
             "; that is 'clamp(x, low, high)'")
      .Cases({"leaky_relu", "LeakyReLU"}, "; that is 'max(x, 0.01 * x)'")
      .Cases({"elu", "ELU"}, "; that is 'where(x > 0, x, exp(min(x, 0)) - 1)'")
      .Cases({"var", "variance"}, "; that is 'mean((x - mean(x))²)'")
      .Cases({"std", "stddev"}, "; that is '√mean((x - mean(x))²)'")
      .Case("norm", "; that is '√sum(x²)'")
      .Cases({"detach", "stop_grad", "no_grad"}, "; that is 'stop_gradient(x)'")
      .Cases({"grad", "jacobian"}, "; that is 'gradient(y, x)'")
      .Cases({"rand_like", "randn_like", "rand", "randn"},
             "; random numbers in training are 'uniform_like(x)'")
      .Cases({"range", "linspace"}, "; 0, 1, …, n - 1 are 'arange(n)'")
      .Cases({"zeros", "ones", "zeros_like", "ones_like", "full"},
             "; a number goes with every shape: write the number")
      .Cases({"len", "size", "shape"},
             "; a size has a name: 'input x : [T, 3]', then 'T'")
      .Cases({"None", "null", "nil"}, "; every name has a value")
      .Cases({"xavier", "xavier_uniform", "glorot", "glorot_uniform"},
             "; Glorot's is 'uniform(-√(6 / (I + O)), √(6 / (I + O)))'")
      .Cases({"kaiming", "kaiming_normal", "he", "he_normal"},
             "; He's is 'normal(0, √(2 / I))'")
      .Cases({"True", "False", "true", "false"},
             "; what is true is 1, what is false 0")
      .Cases({"normal", "uniform"},
             "; a distribution stands behind '~': 'param W : [n, m] ~ "
             "normal(0, 0.1)'")
      .Case("gather", "; rows at classes or numbers are 'table[index]'")
      .Case("tril", "; 'TransformerBlock(d, heads, causal = 1)' and "
                    "'causal_attention' look back only")
      .Default("");
}

StringRef getForeignArgument(StringRef name) {
  return StringSwitch<StringRef>(name)
      .Case("weight_decay", "; 'adamw' and 'sgd' have it")
      .Cases({"betas", "beta"}, "; there are 'beta1' and 'beta2'")
      .Case("learning_rate", "; there is 'lr'")
      .Case("num_layers",
            "; one layer above the other is equations: 'for l in 1..2 { y = "
            "LSTM(H, H)(y) }'")
      .Case("bidirectional", "; in both directions: [f(x), "
                             "reverse(g(reverse(x)))], each of f and g a cell")
      .Cases({"batch_first", "batch_size", "time_major"},
             "; the batch axis is never written")
      .Cases({"dropout", "drop", "drop_rate"},
             "; that is a function: 'dropout(x, p)'")
      .Cases({"bias", "use_bias"},
             "; without a bias, write 'param W : [O, I] ~ normal(0, 0.1)' and "
             "'W · x'")
      .Case("activation", "; apply it to the result: 'relu(Linear(3, 4)(x))'")
      .Cases({"return_sequences", "return_state"},
             "; a cell gives every step, the last one is 'y[-1]'")
      .Cases({"axis", "dim"},
             "; a definition speaks of the last axes: 'permute' brings another "
             "one there")
      .Default("");
}

StringRef getForeignSetting(StringRef name) {
  return StringSwitch<StringRef>(name)
      .Cases({"lr", "learning_rate", "weight_decay", "momentum", "betas"},
             "; the optimizer takes it: 'optimizer adamw(lr = 1e-3, "
             "weight_decay = 0.01)'")
      .Cases({"batch_size", "batchsize", "bs"}, "; that is 'batch 32'")
      .Cases({"num_epochs", "n_epochs", "max_epochs"}, "; that is 'epochs 5'")
      .Cases({"steps", "max_steps", "num_steps"},
             "; how long is told in 'epochs 5'")
      .Cases({"clip", "max_norm", "clip_grad_norm", "grad_clip",
              "gradient_clip", "max_grad_norm"},
             "; that is 'clip_norm 1.0'")
      .Cases({"scheduler", "lr_schedule", "lr_scheduler", "warmup"},
             "; that is 'schedule cosine(warmup = 200)'")
      .Cases({"dataset", "train_data", "loader", "dataloader"},
             "; that is 'data fashion_mnist', or 'data npy' for your own")
      .Cases({"loss", "criterion", "metric", "metrics"},
             "; it is an equation of the model: 'loss = …', 'metric accuracy = "
             "…'")
      .Cases({"ema", "ema_decay", "swa"}, "; that is 'average 0.999'")
      .Cases({"grad_accumulation", "accumulate_grad_batches",
              "gradient_accumulation_steps"},
             "; that is 'accumulate 4'")
      .Cases({"shuffle", "device", "workers", "num_workers", "save",
              "checkpoint", "threads"},
             "; how a run goes is said to the program: see 'train --help'")
      .Cases({"dropout", "label_smoothing", "smoothing"},
             "; it is a part of the model's equations")
      .Default("");
}

std::string getForeignMember(StringRef base, StringRef name) {
  static constexpr StringLiteral modules[] = {
      "torch", "nn", "F",     "functional", "tf",   "keras", "layers", "jax",
      "jnp",   "np", "numpy", "math",       "flax", "hk",    "eqx",    "optax"};
  StringRef hint = getForeignName(name);
  bool isSelf = base == "self" || base == "this";
  for (StringRef module : modules)
    isSelf |= base == module;
  std::string text =
      isSelf ? ("; write '" + name + "'").str()
             : ("; functions are written f(x): '" + name + "(" + base + ")'")
                   .str();
  return hint.empty() ? text : hint.str();
}

} // namespace maek::dsl
