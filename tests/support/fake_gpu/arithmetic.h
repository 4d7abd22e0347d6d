/* What the kernels compute, on plain arrays of float32 in row-major order. */
#ifndef FAKE_GPU_ARITHMETIC_H
#define FAKE_GPU_ARITHMETIC_H

#include <stdbool.h>
#include <stdint.h>

typedef enum { NONE, RELU, RELU6, ELU, LEAKY_RELU } Activation;

/* Images (samples, height, width, depth) and kernels of `rows` by `columns`; one `step` in both directions. */
typedef struct {
    int64_t samples, height, width, depth;
    int64_t rows, columns, filters, step[2];
    int64_t out_height, out_width, above, left;
} Frame;

Activation activation_named(const char *op);
float activated(Activation kind, float value, float slope);

/* c (m, n) = a (m, k) b (k, n) */
void multiply(const float *a, const float *b, float *c, int64_t m, int64_t n, int64_t k);

/* Return a new array: `matrix` (rows, columns) with its axes exchanged. */
float *exchanged(const float *matrix, int64_t rows, int64_t columns);

/* Add `bias` to each row of `columns` values. */
void add_bias(float *values, const float *bias, int64_t size, int64_t columns);

/* Set the size of the result and the zeros before the first row and column; `valid` has none. */
void measure(Frame *frame, bool valid);

/* Return a new array: for each place of the result, the numbers under the kernel. */
float *windows(const Frame *frame, const float *images);

#endif
