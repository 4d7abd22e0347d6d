#include "kernel.h"

#include <stdlib.h>
#include <string.h>

struct Block {
    struct Block *next;
    _Alignas(64) char content[];
};

struct Block *next_block(const struct Block *block) {
    return block->next;
}

bool failed(const Run *run) {
    return TF_GetCode(run->status) != TF_OK;
}

void refuse(Run *run, const char *why) {
    TF_SetStatus(run->status, TF_INVALID_ARGUMENT, why);
}

bool computes(const Run *run, const char *op) {
    return strcmp(run->kernel->operation->op, op) == 0;
}

void *scratch(Run *run, int64_t count, size_t size) {
    struct Block *block = NULL;
    size_t bytes = sizeof *block + (size_t)count * size;
    bytes = (bytes / 64 + 1) * 64;
    block = aligned_alloc(64, bytes);
    memset(block, 0, bytes);
    block->next = run->blocks;
    run->blocks = block;
    return block->content;
}

double *doubles(Run *run, Array array) {
    double *values = scratch(run, array.size, sizeof *values);
    read_doubles(array, values);
    return values;
}

float *floats(Run *run, Array array) {
    if (array.type == TF_FLOAT) {
        return array.data;
    }
    float *values = scratch(run, array.size, sizeof *values);
    read_floats(array, values);
    return values;
}

int64_t *whole_numbers(Run *run, Array array) {
    int64_t *values = scratch(run, array.size, sizeof *values);
    read_whole(array, values);
    return values;
}

Array result(Run *run, int index, TF_DataType type, int axes, const int64_t *dims) {
    if (failed(run)) {
        return (Array){.type = type};
    }
    size_t bytes = (size_t)volume(dims, 0, axes) * TF_DataTypeSize(type);
    TF_Tensor *tensor = TF_AllocateOutput(run->context, index, type, dims, axes, bytes, run->status);
    if (failed(run)) {
        return (Array){.type = type};
    }
    run->held[MOST_INPUTS + index] = tensor;
    run->out[index] = array_of(tensor);
    run->results = index + 1 > run->results ? index + 1 : run->results;
    return run->out[index];
}

Array result_like(Run *run, int index, Array array) {
    return result(run, index, array.type, array.axes, array.dims);
}

Array result_shaped(Run *run, int index, TF_DataType type, Array shape) {
    int64_t dims[MOST_AXES] = {0};
    if (shape.size > MOST_AXES) {
        refuse(run, "this device knows eight axes");
    }
    for (int64_t i = 0; i < shape.size && !failed(run); i++) {
        dims[i] = entry(shape, i);
    }
    return result(run, index, type, (int)shape.size, dims);
}

float *place_for(Run *run, Array out) {
    return out.type == TF_FLOAT ? out.data : scratch(run, out.size, sizeof(float));
}

void keep_floats(Array out, const float *values) {
    if (values != out.data) {
        write_floats(out, values);
    }
}
