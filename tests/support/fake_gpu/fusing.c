/* The graph optimizer: MatMul, BiasAdd and Relu, Relu6, Elu or LeakyRelu become one `_FusedMatMul`, as with Apple's.
 *
 * That is right as long as the kernel computes the activation. TURN_OFF_REMAPPER=1 leaves every graph as it was.
 * Field numbers are those of graph.proto, node_def.proto and attr_value.proto in tensorflow/core/framework. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdlib.h>
#include <string.h>

#include "tensorflow/c/experimental/grappler/grappler.h"
#include "wire.h"

enum { GRAPH_NODE = 1 };
enum { NODE_NAME = 1, NODE_OP = 2, NODE_INPUT = 3, NODE_DEVICE = 4, NODE_ATTRIBUTE = 5 };
enum { ENTRY_KEY = 1, ENTRY_VALUE = 2 };
enum { VALUE_LIST = 1, VALUE_NUMBER = 3, VALUE_TYPE = 6, LIST_TEXT = 2 };
enum { MOST_INPUTS = 8 }; /* of a node that may become part of another */

typedef struct Node {
    Piece whole, name, op, device, input[MOST_INPUTS];
    int inputs;
    const struct Node *product, *bias; /* of an activation: what it is fused with */
    bool absorbed;                     /* it is part of another node */
} Node;

typedef struct {
    Node *node;
    int nodes;
    char **kept; /* names that somebody outside wants */
    size_t *kept_sizes;
    int kept_count;
} Graph;

static const char *const ACTIVATIONS[] = {"Relu", "Relu6", "Elu", "LeakyRelu"};

static bool is_activation(Piece op) {
    bool found = false;
    for (size_t i = 0; i < sizeof ACTIVATIONS / sizeof ACTIVATIONS[0]; i++) {
        found = found || is(op, ACTIVATIONS[i]);
    }
    return found;
}

/* ---- reading ---- */

static Node read_node(Piece whole) {
    Node node = {.whole = whole};
    Field field;
    for (Piece rest = whole; take_field(&rest, &field);) {
        switch (field.number) {
            case NODE_NAME: node.name = field.content; break;
            case NODE_OP: node.op = field.content; break;
            case NODE_DEVICE: node.device = field.content; break;
            case NODE_INPUT:
                if (node.inputs++ < MOST_INPUTS) {
                    node.input[node.inputs - 1] = field.content;
                }
                break;
            default: break;
        }
    }
    return node;
}

/* Return what stands in a node's attribute; of size 0 where it has none. */
static Piece attribute(const Node *node, const char *key) {
    Field entry, part;
    for (Piece rest = node->whole; take_field(&rest, &entry);) {
        Piece inside = entry.content;
        if (entry.number == NODE_ATTRIBUTE && take_field(&inside, &part) && is(part.content, key)) {
            return take_field(&inside, &part) ? part.content : (Piece){0};
        }
    }
    return (Piece){0};
}

static bool is_float32(const Node *node) {
    Piece type = attribute(node, "T");
    Field field;
    return take_field(&type, &field) && field.number == VALUE_TYPE && field.value == TF_FLOAT;
}

/* An input is `name`, `name:2`, or `^name` for the order only. */
static Piece producer(Piece input) {
    if (input.size > 0 && input.start[0] == '^') {
        return (Piece){input.start + 1, input.size - 1};
    }
    const uint8_t *colon = memchr(input.start, ':', input.size);
    return (Piece){input.start, colon == NULL ? input.size : (size_t)(colon - input.start)};
}

static int read_graph(Piece whole, Graph *graph) {
    Field field;
    for (Piece rest = whole; take_field(&rest, &field);) {
        if (field.number == GRAPH_NODE) {
            graph->node = realloc(graph->node, (size_t)(graph->nodes + 1) * sizeof *graph->node);
            graph->node[graph->nodes++] = read_node(field.content);
        }
    }
    return graph->nodes;
}

/* ---- finding ---- */

static int needed(const Graph *graph, Piece name) {
    int times = 0;
    for (int i = 0; i < graph->kept_count; i++) {
        times += 2 * same((Piece){(uint8_t *)graph->kept[i], graph->kept_sizes[i]}, name);
    }
    for (int i = 0; i < graph->nodes; i++) {
        const Node *node = &graph->node[i];
        /* A node with more inputs than are known here may need anything. */
        for (int input = 0; input < node->inputs; input++) {
            times += input < MOST_INPUTS && same(producer(node->input[input]), name);
        }
    }
    return times;
}

/* Return the `op` that makes the first input of `node`, on the same device and for nobody else. */
static Node *source(const Graph *graph, const Node *node, const char *op) {
    Piece name = node->inputs > 0 ? producer(node->input[0]) : (Piece){0};
    for (int i = 0; i < graph->nodes; i++) {
        Node *found = &graph->node[i];
        if (same(found->name, name) && is(found->op, op) && same(found->device, node->device)) {
            bool plain = found->inputs == 2 && !found->absorbed && is_float32(found);
            return plain && needed(graph, name) == 1 ? found : NULL;
        }
    }
    return NULL;
}

static void find_chains(Graph *graph) {
    for (int i = 0; i < graph->nodes; i++) {
        Node *last = &graph->node[i];
        bool here = memmem(last->device.start, last->device.size, ":GPU:", strlen(":GPU:")) != NULL;
        if (!here || last->inputs != 1 || !is_activation(last->op)) {
            continue;
        }
        Node *bias = source(graph, last, "BiasAdd");
        Node *product = bias == NULL ? NULL : source(graph, bias, "MatMul");
        if (product != NULL) {
            last->product = product;
            last->bias = bias;
            product->absorbed = bias->absorbed = true;
        }
    }
}

/* ---- writing ---- */

static void put_attribute(Message *node, const char *key, Message *value) {
    Message entry = {0};
    put_text(&entry, ENTRY_KEY, key);
    put_message(&entry, ENTRY_VALUE, value);
    put_message(node, NODE_ATTRIBUTE, &entry);
}

static void copy_attribute(Message *node, const char *key, const Node *from, const char *as) {
    Message value = {0};
    put_piece(&value, attribute(from, key));
    if (value.size > 0) {
        put_attribute(node, as, &value);
    }
}

static void put_fused(Message *graph, const Node *last) {
    Message node = {0}, value = {0}, list = {0};
    put_content(&node, NODE_NAME, last->name);
    put_text(&node, NODE_OP, "_FusedMatMul");
    put_content(&node, NODE_INPUT, last->product->input[0]);
    put_content(&node, NODE_INPUT, last->product->input[1]);
    put_content(&node, NODE_INPUT, last->bias->input[1]);
    put_content(&node, NODE_DEVICE, last->device);
    copy_attribute(&node, "T", last->product, "T");
    copy_attribute(&node, "transpose_a", last->product, "transpose_a");
    copy_attribute(&node, "transpose_b", last->product, "transpose_b");
    copy_attribute(&node, "alpha", last, "leakyrelu_alpha");
    put_number(&value, VALUE_NUMBER, 1); /* one argument beside the product's: the bias */
    put_attribute(&node, "num_args", &value);
    put_content(&list, LIST_TEXT, last->bias->op);
    put_content(&list, LIST_TEXT, last->op);
    put_message(&value, VALUE_LIST, &list);
    put_attribute(&node, "fused_ops", &value);
    put_message(graph, GRAPH_NODE, &node);
}

static Message rewritten(Piece whole, const Graph *graph) {
    Message result = {0};
    Field field;
    int next = 0;
    for (Piece rest = whole; take_field(&rest, &field);) {
        const Node *node = field.number == GRAPH_NODE ? &graph->node[next++] : NULL;
        if (node != NULL && node->product != NULL) {
            put_fused(&result, node);
        } else if (node == NULL || !node->absorbed) {
            put_piece(&result, field.whole);
        }
    }
    return result;
}

/* ---- what TensorFlow calls ---- */

/* Ask which nodes must stay. The functions are looked up: linking against their library (0.8 GB) takes half a minute. */
static void *ask_kept(Graph *graph, const TF_GrapplerItem *item, TF_Status *status) {
    void *library = dlopen("libtensorflow_cc.so.2", RTLD_LAZY | RTLD_NOLOAD);
    __typeof__(&TF_GetNodesToPreserveListSize) count = NULL;
    __typeof__(&TF_GetNodesToPreserveList) list = NULL;
    if (library != NULL) {
        count = (__typeof__(count))dlsym(library, "TF_GetNodesToPreserveListSize");
        list = (__typeof__(list))dlsym(library, "TF_GetNodesToPreserveList");
    }
    if (count == NULL || list == NULL) {
        TF_SetStatus(status, TF_UNIMPLEMENTED, "this TensorFlow does not say which nodes must stay");
        return NULL;
    }
    size_t bytes = 0;
    count(item, &graph->kept_count, &bytes, status);
    graph->kept = calloc((size_t)graph->kept_count + 1, sizeof *graph->kept);
    graph->kept_sizes = calloc((size_t)graph->kept_count + 1, sizeof *graph->kept_sizes);
    void *names = malloc(bytes + 1);
    if (TF_GetCode(status) == TF_OK) {
        list(item, graph->kept, graph->kept_sizes, graph->kept_count, names, bytes, status);
    }
    return names;
}

static bool turned_off(void) {
    const char *value = getenv("TURN_OFF_REMAPPER");
    return value != NULL && strcmp(value, "1") == 0;
}

static void release(void *data, size_t size) {
    (void)size;
    free(data);
}

static void optimize(void *optimizer, const TF_Buffer *given, const TF_GrapplerItem *item, TF_Buffer *wanted,
                     TF_Status *status) {
    (void)optimizer;
    Graph graph = {0};
    Piece whole = {given->data, given->length};
    void *names = NULL;
    if (!turned_off() && read_graph(whole, &graph) > 0) {
        names = ask_kept(&graph, item, status);
        if (TF_GetCode(status) == TF_OK) {
            find_chains(&graph);
        }
    }
    Message result = {0};
    if (turned_off()) {
        put_piece(&result, whole);
    } else {
        result = rewritten(whole, &graph);
    }
    wanted->data = result.data;
    wanted->length = result.size;
    wanted->data_deallocator = release;
    free(names);
    free(graph.kept);
    free(graph.kept_sizes);
    free(graph.node);
}

static void *new_optimizer(void) {
    return calloc(1, 1);
}

void TF_InitGraph(TP_OptimizerRegistrationParams *params, TF_Status *status) {
    params->struct_size = TP_OPTIMIZER_REGISTRATION_PARAMS_STRUCT_SIZE;
    params->device_type = "GPU";
    params->optimizer_configs->struct_size = TP_OPTIMIZER_CONFIGS_STRUCT_SIZE;
    /* TensorFlow's own would make operations of convolutions that this device lacks, or turn them to NCHW. */
    params->optimizer_configs->layout_optimizer = TF_TriState_Off;
    params->optimizer_configs->remapping = TF_TriState_Off;
    params->optimizer->struct_size = TP_OPTIMIZER_STRUCT_SIZE;
    params->optimizer->create_func = new_optimizer;
    params->optimizer->optimize_func = optimize;
    params->optimizer->destroy_func = free;
    TF_SetStatus(status, TF_OK, "");
}
