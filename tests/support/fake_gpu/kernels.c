/* The operations that the device computes itself, in float32: what is in `KERNELS`. All others go to the CPU where the
 * program allows that, as with any plugin. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "arithmetic.h"
#include "defects.h"
#include "tensorflow/c/kernels.h"

enum { MOST_INPUTS = 3, TEXT = 64 };

/* One run of a kernel: its inputs, and the status that says how it went. */
typedef struct {
    TF_OpKernelContext *context;
    TF_Status *status;
    TF_Tensor *input[MOST_INPUTS];
} Run;

/* A node's kernel, with the attributes that its operation has. */
typedef struct Kernel {
    const char *op;
    void (*compute)(const struct Kernel *kernel, Run *run);
    bool turn_a, turn_b, valid;
    int32_t strides[4];
    float slope;
    Activation activation;
} Kernel;

static float *values(TF_Tensor *tensor) {
    return TF_TensorData(tensor);
}

static TF_Tensor *result(Run *run, const int64_t *dims, int rank) {
    size_t bytes = sizeof(float);
    for (int i = 0; i < rank; i++) {
        bytes *= (size_t)dims[i];
    }
    return TF_AllocateOutput(run->context, 0, TF_FLOAT, dims, rank, bytes, run->status);
}

static TF_Tensor *result_like(Run *run, const TF_Tensor *tensor) {
    int64_t dims[8];
    int rank = TF_NumDims(tensor);
    for (int i = 0; i < rank && i < 8; i++) {
        dims[i] = TF_Dim(tensor, i);
    }
    return result(run, dims, rank);
}

static bool failed(const Run *run) {
    return TF_GetCode(run->status) != TF_OK;
}

static void refuse(Run *run, const char *why) {
    TF_SetStatus(run->status, TF_INVALID_ARGUMENT, why);
}

/* Return the product of inputs 0 and 1 as output 0, for others to go on with; NULL if they do not fit. */
static TF_Tensor *product(const Kernel *kernel, Run *run) {
    TF_Tensor *a = run->input[0], *b = run->input[1];
    int64_t dims[] = {TF_Dim(a, kernel->turn_a), TF_Dim(b, !kernel->turn_b)}, terms = TF_Dim(a, !kernel->turn_a);
    if (terms != TF_Dim(b, kernel->turn_b)) {
        refuse(run, "Matrix size-incompatible");
        return NULL;
    }
    TF_Tensor *out = result(run, dims, 2);
    if (!failed(run)) {
        float *left = kernel->turn_a ? exchanged(values(a), terms, dims[0]) : values(a);
        float *right = kernel->turn_b ? exchanged(values(b), dims[1], terms) : values(b);
        multiply(left, right, values(out), dims[0], dims[1], terms);
        free(kernel->turn_a ? left : NULL);
        free(kernel->turn_b ? right : NULL);
    }
    return out;
}

static void matmul(const Kernel *kernel, Run *run) {
    TF_DeleteTensor(product(kernel, run));
}

/* What the graph optimizer makes of a product, its bias and its activation. */
static void fused_matmul(const Kernel *kernel, Run *run) {
    TF_Tensor *out = product(kernel, run);
    if (!failed(run)) {
        int64_t size = TF_TensorElementCount(out);
        Activation kind = defective_device("drop-activation") ? NONE : kernel->activation;
        add_bias(values(out), values(run->input[2]), size, TF_Dim(out, 1));
        for (int64_t i = 0; i < size; i++) {
            values(out)[i] = activated(kind, values(out)[i], kernel->slope);
        }
    }
    TF_DeleteTensor(out);
}

static void bias_add(const Kernel *kernel, Run *run) {
    (void)kernel;
    TF_Tensor *out = result_like(run, run->input[0]);
    if (!failed(run)) {
        int64_t size = TF_TensorElementCount(out);
        memcpy(values(out), values(run->input[0]), (size_t)size * sizeof(float));
        add_bias(values(out), values(run->input[1]), size, TF_TensorElementCount(run->input[1]));
    }
    TF_DeleteTensor(out);
}

static void activate(const Kernel *kernel, Run *run) {
    TF_Tensor *out = result_like(run, run->input[0]);
    for (int64_t i = 0; !failed(run) && i < TF_TensorElementCount(out); i++) {
        values(out)[i] = activated(activation_named(kernel->op), values(run->input[0])[i], kernel->slope);
    }
    TF_DeleteTensor(out);
}

static void convolve(const Kernel *kernel, Run *run) {
    TF_Tensor *images = run->input[0], *filter = run->input[1];
    Frame frame = {
        .samples = TF_Dim(images, 0), .height = TF_Dim(images, 1), .width = TF_Dim(images, 2), .depth = TF_Dim(images, 3),
        .rows = TF_Dim(filter, 0), .columns = TF_Dim(filter, 1), .filters = TF_Dim(filter, 3),
        .step = {kernel->strides[1], kernel->strides[2]},
    };
    if (frame.depth != TF_Dim(filter, 2)) {
        refuse(run, "this device convolves NHWC without groups");
        return;
    }
    measure(&frame, kernel->valid);
    int64_t dims[] = {frame.samples, frame.out_height, frame.out_width, frame.filters};
    TF_Tensor *out = result(run, dims, 4);
    if (!failed(run)) {
        float *under = windows(&frame, values(images));
        multiply(under, values(filter), values(out), dims[0] * dims[1] * dims[2], dims[3],
                 frame.rows * frame.columns * frame.depth);
        free(under);
    }
    TF_DeleteTensor(out);
}

/* ---- reading a node ---- */

static bool has(TF_OpKernelConstruction *node, const char *name, TF_Status *status) {
    return TF_OpKernelConstruction_HasAttr(node, name, status) && TF_GetCode(status) == TF_OK;
}

static bool flag(TF_OpKernelConstruction *node, const char *name, TF_Status *status) {
    TF_Bool value = 0;
    if (has(node, name, status)) {
        TF_OpKernelConstruction_GetAttrBool(node, name, &value, status);
    }
    return value != 0;
}

static bool text_is(TF_OpKernelConstruction *node, const char *name, const char *wanted, TF_Status *status) {
    char value[TEXT] = "";
    if (has(node, name, status)) {
        TF_OpKernelConstruction_GetAttrString(node, name, value, sizeof value - 1, status);
    }
    return strcmp(value, wanted) == 0;
}

/* `fused_ops` is BiasAdd and an activation. */
static Activation fused_activation(TF_OpKernelConstruction *node, TF_Status *status) {
    char storage[TEXT], *names[2], activation[TEXT] = "";
    size_t lengths[2];
    int32_t count = 0, bytes = 0;
    TF_OpKernelConstruction_GetAttrSize(node, "fused_ops", &count, &bytes, status);
    if (count != 2 || bytes > TEXT) {
        TF_SetStatus(status, TF_UNIMPLEMENTED, "this device fuses a bias and an activation");
        return NONE;
    }
    TF_OpKernelConstruction_GetAttrStringList(node, "fused_ops", names, lengths, 2, storage, sizeof storage, status);
    memcpy(activation, names[1], lengths[1]);
    return activation_named(activation);
}

static void read_attributes(Kernel *kernel, TF_OpKernelConstruction *node, TF_Status *status) {
    kernel->turn_a = flag(node, "transpose_a", status);
    kernel->turn_b = flag(node, "transpose_b", status);
    kernel->valid = text_is(node, "padding", "VALID", status);
    if (has(node, "strides", status)) {
        TF_OpKernelConstruction_GetAttrInt32List(node, "strides", kernel->strides, 4, status);
    }
    const char *slopes[] = {"alpha", "leakyrelu_alpha"};
    for (int i = 0; i < 2; i++) {
        if (has(node, slopes[i], status)) {
            TF_OpKernelConstruction_GetAttrFloat(node, slopes[i], &kernel->slope, status);
        }
    }
    if (has(node, "fused_ops", status)) {
        kernel->activation = fused_activation(node, status);
    }
}

static void *make(TF_OpKernelConstruction *node, const char *op, void (*compute)(const Kernel *, Run *)) {
    Kernel *kernel = calloc(1, sizeof *kernel);
    TF_Status *status = TF_NewStatus();
    *kernel = (Kernel){.op = op, .compute = compute, .slope = 0.2f};
    read_attributes(kernel, node, status);
    if (TF_GetCode(status) != TF_OK) {
        TF_OpKernelConstruction_Failure(node, status);
    }
    TF_DeleteStatus(status);
    return kernel;
}

/* ---- running a kernel ---- */

static void misbehave_before(const Kernel *kernel, Run *run) {
    while (defective("hang", kernel->op)) {
        pause();
    }
    if (defective("crash", kernel->op)) {
        abort();
    }
    if (defective("fail", kernel->op)) {
        TF_SetStatus(run->status, TF_UNIMPLEMENTED, "the fake GPU does not compute this");
    }
}

static void misbehave_after(const Kernel *kernel, Run *run) {
    enum { SLOW_US = 200000 };
    if (defective("slow", kernel->op)) {
        usleep(SLOW_US);
    }
    if (defective("nan", kernel->op)) {
        TF_Tensor *out = TF_GetMutableOutput(run->context, 0, run->status);
        memset(values(out), 0xff, TF_TensorByteSize(out) > 0 ? sizeof(float) : 0); /* all bits of a float: NaN */
        TF_DeleteTensor(out);
    }
}

static void compute(void *instance, TF_OpKernelContext *context) {
    const Kernel *kernel = instance;
    Run run = {.context = context, .status = TF_NewStatus()};
    misbehave_before(kernel, &run);
    for (int i = 0; i < TF_NumInputs(context) && i < MOST_INPUTS && !failed(&run); i++) {
        TF_GetInput(context, i, &run.input[i], run.status);
    }
    if (!failed(&run)) {
        kernel->compute(kernel, &run);
    }
    if (!failed(&run)) {
        misbehave_after(kernel, &run);
    }
    if (failed(&run)) {
        TF_OpKernelContext_Failure(context, run.status);
    }
    for (int i = 0; i < MOST_INPUTS; i++) {
        TF_DeleteTensor(run.input[i]);
    }
    TF_DeleteStatus(run.status);
}

/* TensorFlow does not tell a new kernel which operation it is for: each has a function of its own to make one. */
#define OPERATIONS(_) \
    _(MatMul, matmul) \
    _(_FusedMatMul, fused_matmul) \
    _(BiasAdd, bias_add) \
    _(Conv2D, convolve) \
    _(Relu, activate) \
    _(Relu6, activate) \
    _(Elu, activate) \
    _(LeakyRelu, activate)
#define MAKER(op, function) \
    static void *make_##op(TF_OpKernelConstruction *node) { \
        return make(node, #op, function); \
    }
#define ENTRY(op, function) {#op, make_##op},
OPERATIONS(MAKER)
static const struct {
    const char *op;
    void *(*make)(TF_OpKernelConstruction *node);
} KERNELS[] = {OPERATIONS(ENTRY)};

void TF_InitKernel(void) {
    for (size_t i = 0; i < sizeof KERNELS / sizeof KERNELS[0]; i++) {
        TF_Status *status = TF_NewStatus();
        TF_KernelBuilder *builder = TF_NewKernelBuilder(KERNELS[i].op, "GPU", KERNELS[i].make, compute, free);
        TF_KernelBuilder_TypeConstraint(builder, "T", TF_FLOAT, status);
        TF_RegisterKernelBuilder(KERNELS[i].op, builder, status);
        if (TF_GetCode(status) != TF_OK) {
            fprintf(stderr, "fake GPU: %s: %s\n", KERNELS[i].op, TF_Message(status));
        }
        TF_DeleteStatus(status);
    }
}
