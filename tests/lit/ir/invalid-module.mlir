// RUN: maek-opt --split-input-file --verify-diagnostics %s

// expected-error@+1 {{expected at least one extent}}
func.func private @f(tensor<4xf32, #maek.dims<>>)

// -----

// expected-error@+1 {{expected symbols joined by '*', found '4'}}
func.func private @f(tensor<?xf32, #maek.dims<4>>)

// -----

// expected-error@+1 {{expected symbols joined by '*', found '?'}}
func.func private @f(tensor<?xf32, #maek.dims<"?">>)

// -----

// expected-error@+1 {{expected symbols joined by '*', found 'B*0'}}
func.func private @f(tensor<?xf32, #maek.dims<B*"0">>)

// -----

// expected-error@+1 {{the encoding names 1 extents, the shape has 2 dynamic ones}}
func.func private @f(tensor<?x?xf32, #maek.dims<B>>)

// -----

// expected-error@+1 {{expected constant, uniform or normal, found 'zeros'}}
maek.parameter @w : tensor<4xf32> = #maek.init<zeros, [0.0]>

// -----

// expected-error@+1 {{uniform takes 2 numbers, found 1}}
maek.parameter @w : tensor<4xf32> = #maek.init<uniform, [0.0]>

// -----

// expected-error@+1 {{constant takes finite numbers}}
maek.parameter @w : tensor<4xf32> = #maek.init<constant, [0x7FF0000000000000]>

// -----

// expected-error@+1 {{uniform needs low <= high, found 1.000000e+00 and -1.000000e+00}}
maek.parameter @w : tensor<4xf32> = #maek.init<uniform, [1.0, -1.0]>

// -----

// expected-error@+1 {{normal needs a standard deviation >= 0, found -1.000000e+00}}
maek.parameter @w : tensor<4xf32> = #maek.init<normal, [0.0, -1.0]>

// -----

// expected-error@+1 {{needs a name}}
maek.parameter @"" : tensor<4xf32> = #maek.init<constant, [0.0]>

// -----

// expected-error@+1 {{needs a static tensor type, found 'tensor<?xf32, #maek.dims<B>>'}}
maek.parameter @w : tensor<?xf32, #maek.dims<B>> = #maek.init<constant, [0.0]>

// -----

// expected-error@+1 {{needs elements of f32 or f64, found 'i32'}}
maek.parameter @w : tensor<4xi32> = #maek.init<constant, [0.0]>

// -----

// expected-error@+1 {{needs a static tensor type, found 'f32'}}
maek.state @s : f32 = #maek.init<constant, [0.0]>

// -----

// expected-error@+1 {{needs elements of f32, f64 or i32, found 'i1'}}
maek.state @s : tensor<4xi1> = #maek.init<constant, [0.0]>

// -----

maek.parameter @w : tensor<4xf32> = #maek.init<constant, [0.0]>
// expected-error@+1 {{is the average of @w, which is no parameter of type 'tensor<3xf32>'}}
maek.state @s averages @w : tensor<3xf32> = #maek.init<constant, [0.0]>

// -----

// expected-error@+1 {{is the average of @w, which is no parameter of type 'tensor<4xf32>'}}
maek.state @s averages @w : tensor<4xf32> = #maek.init<constant, [0.0]>

// -----

// expected-error@+1 {{needs a positive i64 as accumulate, found "all"}}
maek.model "M" {accumulate = "all"}

// -----

// expected-error@+1 {{needs a positive i64 as batch, found 0 : i64}}
maek.model "M" {batch = 0 : i64}

// -----

// expected-error@+1 {{needs a string as data, found 3 : i64}}
maek.model "M" {data = 3 : i64}

// -----

// expected-error@+1 {{needs a float as lr, found "fast"}}
maek.model "M" {lr = "fast"}

// -----

// expected-error@+1 {{"maek.classes" is not a positive i64}}
func.func @f(%l: tensor<4xi32> {maek.classes = 0 : i64}) {
  return
}

// -----

// expected-error@+1 {{"maek.name" is not a string}}
func.func @f(%l: tensor<4xi32> {maek.name = 0 : i64}) {
  return
}

// -----

// expected-error@+1 {{unknown role 'weight'}}
func.func @f(%l: tensor<4xi32> {maek.role = "weight"}) {
  return
}

// -----

// A parameter's new value has the parameter's type.
// expected-error@+1 {{result 0 updates the parameter 'w' of type 'tensor<2xf32>', which is no argument}}
func.func @f(%w: tensor<4xf32> {maek.name = "w", maek.role = "parameter"}, %x: tensor<2xf32>)
    -> (tensor<2xf32> {maek.name = "w", maek.role = "parameter"}) {
  return %x : tensor<2xf32>
}

// -----

func.func @f() {
  // expected-error@+1 {{"maek.kernel" belongs on a function}}
  %0 = maek.constant 0.0 {maek.kernel} : tensor<f32>
  return
}

// -----

// expected-error@+1 {{"maek.kernel" has no value}}
func.func private @f() attributes {maek.kernel = true}

// -----

// expected-error@+1 {{"maek.symbols" is not a list of strings}}
func.func private @f() attributes {maek.kernel, maek.symbols = [3]}

// -----

// expected-error@+1 {{argument 1 is a second parameter 'w'}}
func.func @f(%a: tensor<4xf32> {maek.name = "w", maek.role = "parameter"}, %b: tensor<4xf32> {maek.name = "w", maek.role = "parameter"}) {
  return
}

// -----

// expected-error@+1 {{argument 0 of role state has no name}}
func.func @f(%a: tensor<4xf32> {maek.role = "state"}) {
  return
}

// -----

// expected-error@+1 {{"maek.reads" is not a list of strings}}
func.func private @f() -> (tensor<4xf32> {maek.reads = ["w", 1]})

// -----

// expected-error@+1 {{"maek.ignore" is not a list of strings}}
func.func private @f() attributes {maek.ignore = "head.*"}

// -----

// expected-error@+1 {{"maek.text" is not a string}}
func.func private @f() attributes {maek.text}

// -----

// A limit names its size, its bound and its table.
// expected-error@+1 {{"maek.limits" is not a list of sizes with their bounds and tables}}
func.func private @f() attributes {maek.limits = [{}]}

// -----

// expected-error@+1 {{"maek.limits" is not a list of sizes with their bounds and tables}}
func.func private @f() attributes {maek.limits = [{size = "*", most = 3 : i64, table = "t"}]}
