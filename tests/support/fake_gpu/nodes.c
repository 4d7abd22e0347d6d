/* From a node of a graph to its kernel, and from there to its results. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "defects.h"
#include "kernel.h"
#include "wire.h"

enum { TEXT = 64, NODE_OP = 2 };

static const Operation *const TABLES[] = {PRODUCTS,       CONVOLUTIONS, POOLINGS, FUNCTIONS, REDUCTIONS, ALONG_AN_AXIS,
                                          NORMALISATIONS, ORDERINGS,    MOVES,    SLICES,    LOOK_UPS,   RANDOM_NUMBERS};
enum { TABLE_COUNT = sizeof TABLES / sizeof TABLES[0] };

typedef TF_OpKernelConstruction Node;

/* ---- reading a node ---- */

static const Operation *operation_of(Node *node, TF_Status *status) {
    TF_Buffer *definition = TF_OpKernelConstruction_GetNodeDef(node, status);
    if (TF_GetCode(status) != TF_OK) {
        return NULL;
    }
    Piece rest = {definition->data, definition->length};
    const Operation *found = NULL;
    for (Field field; found == NULL && take_field(&rest, &field);) {
        for (int i = 0; i < TABLE_COUNT && field.number == NODE_OP; i++) {
            for (const Operation *one = TABLES[i]; one->op != NULL; one++) {
                found = is(field.content, one->op) ? one : found;
            }
        }
    }
    TF_DeleteBuffer(definition);
    return found;
}

static bool has(Node *node, const char *name, TF_Status *status) {
    return TF_OpKernelConstruction_HasAttr(node, name, status) && TF_GetCode(status) == TF_OK;
}

static void read_flags(Kernel *kernel, Node *node, TF_Status *status) {
    const struct {
        const char *name;
        bool *flag;
    } flags[] = {
        {"transpose_a", &kernel->turn_a}, {"transpose_b", &kernel->turn_b}, {"adj_x", &kernel->turn_a},
        {"adj_y", &kernel->turn_b}, {"keep_dims", &kernel->keep_axes}, {"exclusive", &kernel->exclusive},
        {"reverse", &kernel->backwards}, {"is_training", &kernel->training},
    };
    for (size_t i = 0; i < sizeof flags / sizeof flags[0]; i++) {
        if (has(node, flags[i].name, status)) {
            TF_Bool value = 0;
            TF_OpKernelConstruction_GetAttrBool(node, flags[i].name, &value, status);
            *flags[i].flag = value != 0;
        }
    }
}

static void read_numbers(Kernel *kernel, Node *node, TF_Status *status) {
    const struct {
        const char *name;
        int32_t *number;
    } whole[] = {
        {"begin_mask", &kernel->begin_mask}, {"end_mask", &kernel->end_mask}, {"ellipsis_mask", &kernel->ellipsis_mask},
        {"new_axis_mask", &kernel->new_axis_mask}, {"shrink_axis_mask", &kernel->shrink_axis_mask},
        {"axis", &kernel->axis}, {"batch_dims", &kernel->batch_axes}, {"num", &kernel->number},
        {"num_split", &kernel->number},
    };
    const struct {
        const char *name;
        float *number;
    } real[] = {
        {"alpha", &kernel->slope}, {"leakyrelu_alpha", &kernel->slope}, {"epsilon", &kernel->epsilon},
        {"exponential_avg_factor", &kernel->share},
    };
    for (size_t i = 0; i < sizeof whole / sizeof whole[0]; i++) {
        if (has(node, whole[i].name, status)) {
            TF_OpKernelConstruction_GetAttrInt32(node, whole[i].name, whole[i].number, status);
        }
    }
    for (size_t i = 0; i < sizeof real / sizeof real[0]; i++) {
        if (has(node, real[i].name, status)) {
            TF_OpKernelConstruction_GetAttrFloat(node, real[i].name, real[i].number, status);
        }
    }
}

static void read_lists(Kernel *kernel, Node *node, TF_Status *status) {
    const struct {
        const char *name;
        int32_t *list;
    } lists[] = {{"strides", kernel->strides}, {"ksize", kernel->window}, {"dilations", kernel->dilations}};
    for (size_t i = 0; i < sizeof lists / sizeof lists[0]; i++) {
        int32_t count = 0, bytes = 0;
        if (has(node, lists[i].name, status)) {
            TF_OpKernelConstruction_GetAttrSize(node, lists[i].name, &count, &bytes, status);
            if (count == 4) {
                TF_OpKernelConstruction_GetAttrInt32List(node, lists[i].name, lists[i].list, 4, status);
            }
        }
    }
    if (kernel->explicit_zeros) {
        TF_OpKernelConstruction_GetAttrInt64List(node, "explicit_paddings", kernel->zeros, 8, status);
    }
}

static void read_type(Kernel *kernel, Node *node, TF_Status *status) {
    static const char *const names[] = {"dtype", "DstT", "output_type", "out_type", "index_type"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (has(node, names[i], status)) {
            TF_OpKernelConstruction_GetAttrType(node, names[i], &kernel->type, status);
        }
    }
}

static bool text_is(Node *node, const char *name, const char *wanted, TF_Status *status) {
    char value[TEXT] = "";
    if (has(node, name, status)) {
        TF_OpKernelConstruction_GetAttrString(node, name, value, sizeof value - 1, status);
    }
    return strncmp(value, wanted, strlen(wanted)) == 0;
}

/* `fused_ops` is BiasAdd and an activation. */
static Activation fused_activation(Node *node, TF_Status *status) {
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

static void *make(Node *node) {
    Kernel *kernel = calloc(1, sizeof *kernel);
    TF_Status *status = TF_NewStatus();
    *kernel = (Kernel){
        .strides = {1, 1, 1, 1}, .window = {1, 1, 1, 1}, .dilations = {1, 1, 1, 1}, .slope = 0.2f, .share = 1,
    };
    kernel->operation = operation_of(node, status);
    read_flags(kernel, node, status);
    read_numbers(kernel, node, status);
    read_type(kernel, node, status);
    kernel->channels_first = text_is(node, "data_format", "NC", status);
    kernel->valid = text_is(node, "padding", "VALID", status);
    kernel->explicit_zeros = text_is(node, "padding", "EXPLICIT", status);
    read_lists(kernel, node, status);
    if (has(node, "fused_ops", status)) {
        kernel->activation = fused_activation(node, status);
    }
    if (TF_GetCode(status) != TF_OK) {
        TF_OpKernelConstruction_Failure(node, status);
    }
    TF_DeleteStatus(status);
    return kernel;
}

/* ---- running a kernel ---- */

static void take_inputs(Run *run) {
    run->inputs = TF_NumInputs(run->context);
    if (run->inputs > MOST_INPUTS) {
        refuse(run, "this device takes 32 inputs");
    }
    for (int i = 0; i < run->inputs && !failed(run); i++) {
        TF_GetInput(run->context, i, &run->held[i], run->status);
        if (!failed(run)) {
            run->in[i] = array_of(run->held[i]);
        }
        if (!failed(run) && run->in[i].axes >= MOST_AXES) {
            refuse(run, "this device knows seven axes");
        }
    }
}

static void give_back(Run *run) {
    for (int i = 0; i < MOST_INPUTS + MOST_RESULTS; i++) {
        if (run->held[i] != NULL) {
            TF_DeleteTensor(run->held[i]);
        }
    }
    while (run->blocks != NULL) {
        struct Block *block = run->blocks;
        run->blocks = next_block(block);
        free(block);
    }
    TF_DeleteStatus(run->status);
}

static double now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + 1e-9 * (double)time.tv_nsec;
}

static void compute(void *instance, TF_OpKernelContext *context) {
    Run run = {.kernel = instance, .context = context, .status = TF_NewStatus()};
    double started = now();
    misbehave_before(&run);
    if (!failed(&run)) {
        take_inputs(&run);
    }
    if (!failed(&run)) {
        run.kernel->operation->compute(&run);
    }
    if (!failed(&run)) {
        misbehave_after(&run, now() - started);
    }
    if (failed(&run)) {
        TF_OpKernelContext_Failure(context, run.status);
    }
    give_back(&run);
}

/* ---- telling TensorFlow ---- */

static TF_DataType type_of(char letter) {
    static const struct {
        char letter;
        TF_DataType type;
    } types[] = {
        {'f', TF_FLOAT}, {'h', TF_HALF}, {'b', TF_BFLOAT16}, {'d', TF_DOUBLE}, {'l', TF_INT64}, {'i', TF_INT32},
        {'s', TF_INT16}, {'c', TF_INT8}, {'u', TF_UINT8}, {'U', TF_UINT32}, {'L', TF_UINT64},
    };
    for (size_t i = 0; i < sizeof types / sizeof types[0]; i++) {
        if (types[i].letter == letter) {
            return types[i].type;
        }
    }
    return TF_BOOL;
}

static void keep_on_host(TF_KernelBuilder *builder, const char *arguments) {
    for (const char *word = arguments; *word != '\0'; word += *word == ',') {
        char name[TEXT] = "";
        size_t length = strcspn(word, ",");
        memcpy(name, word, length);
        TF_KernelBuilder_HostMemory(builder, name);
        word += length;
    }
}

/* Register an operation; for one type where it has any. */
static void tell(const Operation *operation, char letter) {
    TF_Status *status = TF_NewStatus();
    TF_KernelBuilder *builder = TF_NewKernelBuilder(operation->op, "GPU", make, compute, free);
    if (letter != '\0') {
        TF_KernelBuilder_TypeConstraint(builder, operation->attribute, type_of(letter), status);
    }
    keep_on_host(builder, operation->on_host);
    TF_RegisterKernelBuilder(operation->op, builder, status);
    if (TF_GetCode(status) != TF_OK) {
        fprintf(stderr, "fake GPU: %s: %s\n", operation->op, TF_Message(status));
    }
    TF_DeleteStatus(status);
}

void TF_InitKernel(void) {
    for (int i = 0; i < TABLE_COUNT; i++) {
        for (const Operation *one = TABLES[i]; one->op != NULL; one++) {
            const char *type = one->types;
            do {
                tell(one, *type);
            } while (*type != '\0' && *++type != '\0');
        }
    }
}
