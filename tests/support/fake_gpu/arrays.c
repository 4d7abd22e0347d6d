#include "arrays.h"

#include <math.h>
#include <string.h>

Array array_of(TF_Tensor *tensor) {
    Array array = {.type = TF_TensorType(tensor), .axes = TF_NumDims(tensor)};
    for (int i = 0; i < array.axes && i < MOST_AXES; i++) {
        array.dims[i] = TF_Dim(tensor, i);
    }
    array.size = TF_TensorElementCount(tensor);
    array.data = TF_TensorData(tensor);
    return array;
}

int64_t volume(const int64_t *dims, int from, int to) {
    int64_t size = 1;
    for (int i = from; i < to; i++) {
        size *= dims[i];
    }
    return size;
}

int64_t entry(Array array, int64_t index) {
    return array.type == TF_INT64 ? ((int64_t *)array.data)[index] : ((int32_t *)array.data)[index];
}

int axis_at(Array array, int64_t index, int axes) {
    int64_t axis = entry(array, index);
    return (int)(axis < 0 ? axis + axes : axis);
}

bool is_whole(TF_DataType type) {
    return type != TF_FLOAT && type != TF_DOUBLE && type != TF_HALF && type != TF_BFLOAT16;
}

/* ---- numbers ---- */

static float from_bfloat16(uint16_t bits) {
    uint32_t wide = (uint32_t)bits << 16;
    float value;
    memcpy(&value, &wide, sizeof value);
    return value;
}

static uint16_t to_bfloat16(double number) { /* to the nearest, of two the even one */
    float value = (float)number;
    uint32_t bits;
    memcpy(&bits, &value, sizeof bits);
    return isnan(value) ? 0x7fc0 : (uint16_t)((bits + 0x7fff + (bits >> 16 & 1)) >> 16);
}

#define TYPES(_) \
    _(TF_FLOAT, float) _(TF_DOUBLE, double) _(TF_HALF, _Float16) _(TF_BOOL, bool) _(TF_INT8, int8_t) \
    _(TF_INT16, int16_t) _(TF_INT32, int32_t) _(TF_INT64, int64_t) _(TF_UINT8, uint8_t) _(TF_UINT16, uint16_t) \
    _(TF_UINT32, uint32_t) _(TF_UINT64, uint64_t)
#define READ(tag, type) \
    case tag: \
        for (int64_t i = 0; i < from.size; i++) to[i] = (__typeof__(*to))((type *)from.data)[i]; \
        break;
#define WRITE(tag, type) \
    case tag: \
        for (int64_t i = 0; i < to.size; i++) ((type *)to.data)[i] = (type)from[i]; \
        break;
#define READER(name, number) \
    void name(Array from, number *to) { \
        switch (from.type) { \
            TYPES(READ) \
            case TF_BFLOAT16: \
                for (int64_t i = 0; i < from.size; i++) to[i] = (number)from_bfloat16(((uint16_t *)from.data)[i]); \
                break; \
            default: break; \
        } \
    }
#define WRITER(name, number) \
    void name(Array to, const number *from) { \
        switch (to.type) { \
            TYPES(WRITE) \
            case TF_BFLOAT16: \
                for (int64_t i = 0; i < to.size; i++) ((uint16_t *)to.data)[i] = to_bfloat16((double)from[i]); \
                break; \
            default: break; \
        } \
    }
READER(read_doubles, double)
READER(read_floats, float)
READER(read_whole, int64_t)
WRITER(write_doubles, double)
WRITER(write_floats, float)
WRITER(write_whole, int64_t)

/* ---- shapes ---- */

int common_shape(const Array *arrays, int count, int64_t *dims) {
    int axes = 0;
    for (int i = 0; i < count; i++) {
        axes = arrays[i].axes > axes ? arrays[i].axes : axes;
    }
    for (int axis = 0; axis < axes; axis++) {
        dims[axis] = 1;
        for (int i = 0; i < count; i++) {
            int own = axis - axes + arrays[i].axes;
            int64_t length = own < 0 ? 1 : arrays[i].dims[own];
            if (length != 1 && dims[axis] != 1 && length != dims[axis]) {
                return -1;
            }
            dims[axis] = length == 1 ? dims[axis] : length;
        }
    }
    return axes;
}

void repeated_steps(Array array, int axes, int64_t *steps) {
    int64_t apart = 1;
    for (int axis = axes - 1; axis >= 0; axis--) {
        int own = axis - axes + array.axes;
        int64_t length = own < 0 ? 1 : array.dims[own];
        steps[axis] = length == 1 ? 0 : apart;
        apart *= length;
    }
}

void plain_steps(int axes, const int64_t *dims, int64_t *steps) {
    for (int axis = 0; axis < axes; axis++) {
        steps[axis] = volume(dims, axis + 1, axes);
    }
}

void advance_place(int axes, const int64_t *dims, int64_t *place) {
    for (int axis = axes - 1; axis >= 0; axis--) {
        if (++place[axis] < dims[axis]) {
            return;
        }
        place[axis] = 0;
    }
}

int64_t offset(int axes, const int64_t *place, const int64_t *steps) {
    int64_t at = 0;
    for (int axis = 0; axis < axes; axis++) {
        at += place[axis] * steps[axis];
    }
    return at;
}

void copy_steps(Array to, int axes, const int64_t *dims, Array from, int64_t start, const int64_t *steps) {
    int64_t width = (int64_t)TF_DataTypeSize(to.type), place[MOST_AXES] = {0};
    char *into = to.data, *out_of = from.data;
    for (int64_t i = 0; i < to.size; i++) {
        int64_t at = start + offset(axes, place, steps);
        memcpy(into + i * width, out_of + at * width, (size_t)width);
        advance_place(axes, dims, place);
    }
}
