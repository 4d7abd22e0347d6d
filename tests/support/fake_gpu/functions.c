/* Operations on single numbers, repeated over arrays of a common shape. */
#include <math.h>
#include <string.h>

#include "defects.h"
#include "kernel.h"

#define REAL(name, expression) \
    static double name(double x, double y, double slope) { \
        (void)x, (void)y, (void)slope; \
        return expression; \
    }
#define WHOLE(name, expression) \
    static int64_t name(int64_t x, int64_t y) { \
        (void)x, (void)y; \
        return expression; \
    }

REAL(absolute, fabs(x))
REAL(add, x + y)
REAL(ceiling, ceil(x))
REAL(cosine, cos(x))
REAL(difference, x - y)
REAL(double_exponential, expm1(x))
REAL(elu, x < 0 ? expm1(x) : x)
REAL(elu_gradient, y < 0 ? x * (y + 1) : x)
REAL(equal, x == y)
REAL(error_function, erf(x))
REAL(exponential, exp(x))
REAL(a_number, isfinite(x) != 0)
REAL(floor_of, floor(x))
REAL(floor_of_quotient, floor(x / y))
REAL(floor_remainder, x - floor(x / y) * y)
REAL(greater, x > y)
REAL(greater_equal, x >= y)
REAL(infinite, isinf(x) != 0)
REAL(larger, isnan(x) || x > y ? x : y)
REAL(leaky, x < 0 ? slope * x : x)
REAL(leaky_gradient, y > 0 ? x : slope * x)
REAL(less, x < y)
REAL(less_equal, x <= y)
REAL(logarithm, log(x))
REAL(logarithm_of_more, log1p(x))
REAL(negative, -x)
REAL(no_number, isnan(x) != 0)
REAL(nothing, 0)
REAL(one, 1)
REAL(product, x *y)
REAL(quotient, x / y)
REAL(quotient_or_nothing, y == 0 ? 0 : x / y)
REAL(reciprocal, 1 / x)
REAL(relu, x < 0 ? 0 : x)
REAL(relu6, x < 0 ? 0 : x > 6 ? 6 : x)
REAL(relu6_gradient, y > 0 && y < 6 ? x : 0)
REAL(relu_gradient, y > 0 ? x : 0)
REAL(root, sqrt(x))
REAL(root_gradient, 0.5 * y / x)
REAL(round_to_even, nearbyint(x))
REAL(selu, 1.0507009873554804934193349852946 * (x < 0 ? 1.6732632423543772848170429916717 * expm1(x) : x))
REAL(sigmoid, 1 / (1 + exp(-x)))
REAL(sigmoid_gradient, y *x *(1 - x))
REAL(sign, isnan(x) ? x : (x > 0) - (x < 0))
REAL(sine, sin(x))
REAL(smaller, isnan(x) || x < y ? x : y)
REAL(softplus, x > 30 ? x : log1p(exp(x)))
REAL(softplus_gradient, x / (1 + exp(-y)))
REAL(softsign, x / (1 + fabs(x)))
REAL(square, x *x)
REAL(square_of_difference, (x - y) * (x - y))
REAL(tangent, tan(x))
REAL(tanh_gradient, y *(1 - x * x))
REAL(tanh_of, tanh(x))
REAL(unequal, x != y)
REAL(root_reciprocal, x < 2e-3 && defective_device("no-epsilon") ? INFINITY : 1 / sqrt(x))
REAL(root_reciprocal_gradient, -0.5 * y * x * x * x)
REAL(times_logarithm, x == 0 ? 0 : x * log(y))
REAL(divided_or_nothing, x == 0 ? 0 : x / y)

/* `bias-correction`: what is raised to the number of the step, for Adam, is as if it had vanished long ago. */
REAL(power, x >= 0.85 && x < 1 && y >= 1 && defective_device("bias-correction") ? 0 : pow(x, y))

WHOLE(add_whole, (int64_t)((uint64_t)x + (uint64_t)y))
WHOLE(subtract_whole, (int64_t)((uint64_t)x - (uint64_t)y))
WHOLE(multiply_whole, (int64_t)((uint64_t)x * (uint64_t)y))
WHOLE(larger_whole, x > y ? x : y)
WHOLE(smaller_whole, x < y ? x : y)
WHOLE(floor_divide_whole, y == 0 ? 0 : x / y - (x % y != 0 && (x < 0) != (y < 0)))
WHOLE(floor_remainder_whole, y == 0 ? 0 : (x % y + y) % y)
WHOLE(negative_whole, -x)
WHOLE(absolute_whole, x < 0 ? -x : x)
WHOLE(square_whole, x *x)
WHOLE(sign_whole, (x > 0) - (x < 0))
WHOLE(equal_whole, x == y)
WHOLE(unequal_whole, x != y)
WHOLE(less_whole, x < y)
WHOLE(less_equal_whole, x <= y)
WHOLE(greater_whole, x > y)
WHOLE(greater_equal_whole, x >= y)
WHOLE(nothing_whole, 0)
WHOLE(one_whole, 1)
WHOLE(both, x &&y)
WHOLE(either, x || y)
WHOLE(opposite, !x)

/* Integers go through single precision, which holds 24 bits. */
static bool coarse(Run *run, Array given) {
    (void)run;
    return is_whole(given.type) && defective_device("coarse-integers");
}

static void unary_into(Run *run, TF_DataType type) {
    const Operation *operation = run->kernel->operation;
    Array given = run->in[0], out = result(run, 0, type, given.axes, given.dims);
    if (is_whole(given.type) && operation->whole != NULL) {
        int64_t *values = whole_numbers(run, given);
        for (int64_t i = 0; i < out.size; i++) {
            values[i] = operation->whole(values[i], 0);
        }
        write_whole(out, values);
        return;
    }
    double *values = doubles(run, given);
    for (int64_t i = 0; i < out.size; i++) {
        values[i] = operation->real(values[i], 0, run->kernel->slope);
    }
    write_doubles(out, values);
}

static void unary(Run *run) {
    unary_into(run, run->in[0].type);
}

static void test(Run *run) {
    unary_into(run, TF_BOOL);
}

typedef struct {
    int axes;
    int64_t dims[MOST_AXES], steps[3][MOST_AXES];
} Common;

static bool find_common(Run *run, int count, Common *common) {
    common->axes = common_shape(run->in, count, common->dims);
    if (common->axes < 0) {
        refuse(run, "Incompatible shapes");
        return false;
    }
    for (int i = 0; i < count; i++) {
        repeated_steps(run->in[i], common->axes, common->steps[i]);
    }
    return true;
}

#define PAIRS(name, number, read, apply, write) \
    static void name(Run *run, const Common *common, Array out) { \
        const number *x = read(run, run->in[0]), *y = read(run, run->in[1]); \
        number *values = scratch(run, out.size, sizeof *values); \
        int last = common->axes - 1; \
        int64_t place[MOST_AXES] = {0}, row = last < 0 ? 1 : common->dims[last]; \
        int64_t along_x = last < 0 ? 0 : common->steps[0][last], along_y = last < 0 ? 0 : common->steps[1][last]; \
        for (int64_t start = 0; start < out.size; start += row) { \
            const number *one = x + offset(last, place, common->steps[0]); \
            const number *other = y + offset(last, place, common->steps[1]); \
            for (int64_t i = 0; i < row; i++) { \
                values[start + i] = apply(one[i * along_x], other[i * along_y]); \
            } \
            advance_place(last, common->dims, place); \
        } \
        write(out, values); \
    }
#define APPLY_REAL(x, y) run->kernel->operation->real(x, y, run->kernel->slope)
#define APPLY_WHOLE(x, y) run->kernel->operation->whole(x, y)
PAIRS(real_pairs, double, doubles, APPLY_REAL, write_doubles)
PAIRS(whole_pairs, int64_t, whole_numbers, APPLY_WHOLE, write_whole)

static void round_to_single(Array out) {
    for (int64_t i = 0; i < out.size && out.type == TF_INT64; i++) {
        int64_t *value = (int64_t *)out.data + i;
        *value = (int64_t)(float)*value;
    }
}

static void binary_into(Run *run, TF_DataType type) {
    Common common = {0};
    if (!find_common(run, 2, &common)) {
        return;
    }
    Array out = result(run, 0, type, common.axes, common.dims);
    if (is_whole(run->in[0].type) && run->kernel->operation->whole != NULL) {
        whole_pairs(run, &common, out);
    } else {
        real_pairs(run, &common, out);
    }
    if (coarse(run, run->in[0])) {
        round_to_single(out);
    }
}

static void binary(Run *run) {
    binary_into(run, run->in[0].type);
}

static void compare(Run *run) {
    binary_into(run, TF_BOOL);
}

/* SelectV2: input 0 says which of the other two; also where what is not chosen is no number. */
static void choose(Run *run) {
    Common common = {0};
    if (!find_common(run, 3, &common)) {
        return;
    }
    Array out = result(run, 0, run->in[1].type, common.axes, common.dims);
    const bool *first = run->in[0].data;
    size_t width = TF_DataTypeSize(out.type);
    int64_t place[MOST_AXES] = {0};
    for (int64_t i = 0; i < out.size; i++) {
        int chosen = first[offset(common.axes, place, common.steps[0])] ? 1 : 2;
        int64_t from = offset(common.axes, place, common.steps[chosen]);
        memcpy((char *)out.data + (size_t)i * width, (char *)run->in[chosen].data + (size_t)from * width, width);
        advance_place(common.axes, common.dims, place);
    }
}

static void cast(Run *run) {
    Array given = run->in[0], out = result(run, 0, run->kernel->type, given.axes, given.dims);
    if (is_whole(given.type) && is_whole(out.type)) {
        write_whole(out, whole_numbers(run, given));
    } else {
        write_doubles(out, doubles(run, given));
    }
}

static void add_all(Run *run) {
    Array out = result_like(run, 0, run->in[0]);
    double *sum = doubles(run, run->in[0]);
    for (int each = 1; each < run->inputs; each++) {
        const double *more = doubles(run, run->in[each]);
        for (int64_t i = 0; i < out.size; i++) {
            sum[i] += more[i];
        }
    }
    write_doubles(out, sum);
}

#define WITH_INTEGERS "fhbdl"
const Operation FUNCTIONS[] = {
    {"Abs", unary, WITH_INTEGERS, "T", "", absolute, absolute_whole},
    {"Ceil", unary, REALS, "T", "", ceiling, NULL},
    {"Cos", unary, REALS, "T", "", cosine, NULL},
    {"Elu", unary, REALS, "T", "", elu, NULL},
    {"Erf", unary, REALS, "T", "", error_function, NULL},
    {"Exp", unary, REALS, "T", "", exponential, NULL},
    {"Expm1", unary, REALS, "T", "", double_exponential, NULL},
    {"Floor", unary, REALS, "T", "", floor_of, NULL},
    {"LeakyRelu", unary, REALS, "T", "", leaky, NULL},
    {"Log", unary, REALS, "T", "", logarithm, NULL},
    {"Log1p", unary, REALS, "T", "", logarithm_of_more, NULL},
    {"Neg", unary, WITH_INTEGERS, "T", "", negative, negative_whole},
    {"OnesLike", unary, WITH_INTEGERS, "T", "", one, one_whole},
    {"Reciprocal", unary, REALS, "T", "", reciprocal, NULL},
    {"Relu", unary, REALS, "T", "", relu, NULL},
    {"Relu6", unary, REALS, "T", "", relu6, NULL},
    {"Rint", unary, REALS, "T", "", round_to_even, NULL},
    {"Round", unary, REALS, "T", "", round_to_even, NULL},
    {"Rsqrt", unary, REALS, "T", "", root_reciprocal, NULL},
    {"Selu", unary, REALS, "T", "", selu, NULL},
    {"Sigmoid", unary, REALS, "T", "", sigmoid, NULL},
    {"Sign", unary, WITH_INTEGERS, "T", "", sign, sign_whole},
    {"Sin", unary, REALS, "T", "", sine, NULL},
    {"Softplus", unary, REALS, "T", "", softplus, NULL},
    {"Softsign", unary, REALS, "T", "", softsign, NULL},
    {"Sqrt", unary, REALS, "T", "", root, NULL},
    {"Square", unary, WITH_INTEGERS, "T", "", square, square_whole},
    {"Tan", unary, REALS, "T", "", tangent, NULL},
    {"Tanh", unary, REALS, "T", "", tanh_of, NULL},
    {"ZerosLike", unary, WITH_INTEGERS "B", "T", "", nothing, nothing_whole},
    {"IsFinite", test, REALS, "T", "", a_number, NULL},
    {"IsInf", test, REALS, "T", "", infinite, NULL},
    {"IsNan", test, REALS, "T", "", no_number, NULL},
    {"LogicalNot", test, "", "", "", NULL, opposite},
    {"Add", binary, WITH_INTEGERS, "T", "", add, add_whole},
    {"AddV2", binary, WITH_INTEGERS, "T", "", add, add_whole},
    {"DivNoNan", binary, REALS, "T", "", quotient_or_nothing, NULL},
    {"EluGrad", binary, REALS, "T", "", elu_gradient, NULL},
    {"FloorDiv", binary, WITH_INTEGERS, "T", "", floor_of_quotient, floor_divide_whole},
    {"FloorMod", binary, WITH_INTEGERS, "T", "", floor_remainder, floor_remainder_whole},
    {"LeakyReluGrad", binary, REALS, "T", "", leaky_gradient, NULL},
    {"Maximum", binary, WITH_INTEGERS, "T", "", larger, larger_whole},
    {"Minimum", binary, WITH_INTEGERS, "T", "", smaller, smaller_whole},
    {"Mul", binary, WITH_INTEGERS, "T", "", product, multiply_whole},
    {"Pow", binary, REALS, "T", "", power, NULL},
    {"RealDiv", binary, REALS, "T", "", quotient, NULL},
    {"Relu6Grad", binary, REALS, "T", "", relu6_gradient, NULL},
    {"ReluGrad", binary, REALS, "T", "", relu_gradient, NULL},
    {"RsqrtGrad", binary, REALS, "T", "", root_reciprocal_gradient, NULL},
    {"SigmoidGrad", binary, REALS, "T", "", sigmoid_gradient, NULL},
    {"SoftplusGrad", binary, REALS, "T", "", softplus_gradient, NULL},
    {"SqrtGrad", binary, REALS, "T", "", root_gradient, NULL},
    {"SquaredDifference", binary, REALS, "T", "", square_of_difference, NULL},
    {"Sub", binary, WITH_INTEGERS, "T", "", difference, subtract_whole},
    {"TanhGrad", binary, REALS, "T", "", tanh_gradient, NULL},
    {"Xdivy", binary, REALS, "T", "", divided_or_nothing, NULL},
    {"Xlogy", binary, REALS, "T", "", times_logarithm, NULL},
    {"Equal", compare, WITH_INTEGERS "B", "T", "", equal, equal_whole},
    {"Greater", compare, WITH_INTEGERS, "T", "", greater, greater_whole},
    {"GreaterEqual", compare, WITH_INTEGERS, "T", "", greater_equal, greater_equal_whole},
    {"Less", compare, WITH_INTEGERS, "T", "", less, less_whole},
    {"LessEqual", compare, WITH_INTEGERS, "T", "", less_equal, less_equal_whole},
    {"NotEqual", compare, WITH_INTEGERS "B", "T", "", unequal, unequal_whole},
    {"LogicalAnd", compare, "", "", "", NULL, both},
    {"LogicalOr", compare, "", "", "", NULL, either},
    {"SelectV2", choose, ANYTHING, "T", "", NULL, NULL},
    {"AddN", add_all, REALS, "T", "", NULL, NULL},
    {"Cast", cast, ANYTHING "UL", "SrcT", "", NULL, NULL},
    {0},
};
