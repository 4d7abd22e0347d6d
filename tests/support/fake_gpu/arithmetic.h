/* What the kernels compute, on plain arrays of float32 in row-major order. */
#ifndef FAKE_GPU_ARITHMETIC_H
#define FAKE_GPU_ARITHMETIC_H

#include <stdbool.h>
#include <stdint.h>

typedef enum { NONE, RELU, RELU6, ELU, LEAKY_RELU } Activation;

/* Images (samples, height, width, depth) and windows of `rows` by `columns`, whose places are a `step` apart, and the
 * numbers in them a `spread`. Zeros stand `above` and to the `left`. */
typedef struct {
    int64_t samples, height, width, depth;
    int64_t rows, columns, filters, step[2], spread[2];
    int64_t out_height, out_width, above, left;
} Frame;

Activation activation_named(const char *op);
float activated(Activation kind, float value, float slope);

/* c (m, n) = a (m, k) b (k, n) */
void multiply(const float *a, const float *b, float *c, int64_t m, int64_t n, int64_t k);

/* Put `matrix` (rows, columns) into `to` with its axes exchanged. */
void exchange(const float *matrix, float *to, int64_t rows, int64_t columns);

/* Add `bias` to each row of `columns` values. */
void add_bias(float *values, const float *bias, int64_t size, int64_t columns);

/* How many places there are, and how many numbers under a window. */
int64_t places(const Frame *frame);
int64_t cells(const Frame *frame);

/* Return where in the images a cell of the window at a place is; -1 where zeros are. */
int64_t pixel(const Frame *frame, int64_t place, int64_t cell);

/* Copy the numbers under the window at each place into a row of `rows`. */
void take_windows(const Frame *frame, const float *images, float *rows);

/* Add each row of `rows` to the numbers under the window at its place. */
void add_windows(const Frame *frame, float *images, const float *rows);

#endif
