/* Tensors as plain numbers in row-major order, and the walks through them that the kernels share. */
#ifndef FAKE_GPU_ARRAYS_H
#define FAKE_GPU_ARRAYS_H

#include <stdbool.h>
#include <stdint.h>

#include "tensorflow/c/tf_tensor.h"

enum { MOST_AXES = 8 };

/* What a tensor holds; `data` is the tensor's. Of a result that could not be had, `size` is 0. */
typedef struct {
    TF_DataType type;
    int axes;
    int64_t dims[MOST_AXES], size;
    void *data;
} Array;

Array array_of(TF_Tensor *tensor);

/* Return how many elements axes `from` up to `to` hold together. */
int64_t volume(const int64_t *dims, int from, int to);

/* Return element `index` of a small array of int32 or int64, such as a shape. */
int64_t entry(Array array, int64_t index);

/* Return the axis that element `index` names, counted from the front. */
int axis_at(Array array, int64_t index, int axes);

bool is_whole(TF_DataType type); /* integers, and truth */

/* Copy out and in. Numbers of any type pass through double exactly, but for integers beyond 2^53. */
void read_doubles(Array from, double *to);
void read_floats(Array from, float *to);
void read_whole(Array from, int64_t *to);
void write_doubles(Array to, const double *from);
void write_floats(Array to, const float *from);
void write_whole(Array to, const int64_t *from);

/* Set the shape that `count` arrays have when those of length 1 are repeated; return its axes, -1 if there is none. */
int common_shape(const Array *arrays, int count, int64_t *dims);

/* Set how far apart neighbours along each axis of (`axes`, a common shape) are in `array`: 0 where it is repeated. */
void repeated_steps(Array array, int axes, int64_t *steps);

/* Set how far apart neighbours along each axis are in an array of this shape. */
void plain_steps(int axes, const int64_t *dims, int64_t *steps);

/* Take `place` to the next one, the last axis first; at the end it is all zeros again. */
void advance_place(int axes, const int64_t *dims, int64_t *place);

int64_t offset(int axes, const int64_t *place, const int64_t *steps);

/* Fill `to` with elements of `from`: the first at `start`, the others `steps` apart. */
void copy_steps(Array to, int axes, const int64_t *dims, Array from, int64_t start, const int64_t *steps);

#endif
