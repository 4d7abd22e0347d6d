#include "arithmetic.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { STRIP = 128 }; /* rows of b that stay in the nearest cache while all of a passes by */

Activation activation_named(const char *op) {
    static const struct {
        const char *op;
        Activation kind;
    } names[] = {{"Relu", RELU}, {"Relu6", RELU6}, {"Elu", ELU}, {"LeakyRelu", LEAKY_RELU}};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (strcmp(names[i].op, op) == 0) {
            return names[i].kind;
        }
    }
    return NONE;
}

float activated(Activation kind, float value, float slope) {
    switch (kind) {
        case RELU: return value < 0 ? 0 : value;
        case RELU6: return value < 0 ? 0 : value > 6 ? 6 : value;
        case ELU: return value < 0 ? expm1f(value) : value;
        case LEAKY_RELU: return value < 0 ? slope * value : value;
        default: return value;
    }
}

void multiply(const float *a, const float *b, float *c, int64_t m, int64_t n, int64_t k) {
    memset(c, 0, (size_t)(m * n) * sizeof *c);
    for (int64_t strip = 0; strip < k; strip += STRIP) {
        int64_t end = strip + STRIP < k ? strip + STRIP : k;
        for (int64_t row = 0; row < m; row++) {
            float *restrict sums = c + row * n;
            for (int64_t i = strip; i < end; i++) {
                const float factor = a[row * k + i], *restrict terms = b + i * n;
                for (int64_t column = 0; column < n; column++) {
                    sums[column] += factor * terms[column];
                }
            }
        }
    }
}

float *exchanged(const float *matrix, int64_t rows, int64_t columns) {
    float *turned = malloc((size_t)(rows * columns) * sizeof *turned);
    for (int64_t i = 0; i < rows * columns; i++) {
        turned[i % columns * rows + i / columns] = matrix[i];
    }
    return turned;
}

void add_bias(float *values, const float *bias, int64_t size, int64_t columns) {
    for (int64_t i = 0; i < size; i++) {
        values[i] += bias[i % columns];
    }
}

static void measure_axis(int64_t size, int64_t kernel, int64_t step, bool valid, int64_t *out, int64_t *before) {
    *out = valid ? (size - kernel) / step + 1 : (size + step - 1) / step;
    int64_t zeros = (*out - 1) * step + kernel - size;
    *before = valid || zeros < 0 ? 0 : zeros / 2;
}

void measure(Frame *frame, bool valid) {
    measure_axis(frame->height, frame->rows, frame->step[0], valid, &frame->out_height, &frame->above);
    measure_axis(frame->width, frame->columns, frame->step[1], valid, &frame->out_width, &frame->left);
}

static bool inside(const Frame *frame, int64_t y, int64_t x) {
    return y >= 0 && y < frame->height && x >= 0 && x < frame->width;
}

float *windows(const Frame *frame, const float *images) {
    int64_t places = frame->samples * frame->out_height * frame->out_width;
    int64_t cells = frame->rows * frame->columns;
    float *all = calloc((size_t)(places * cells * frame->depth) + 1, sizeof *all), *next = all;
    for (int64_t place = 0; place < places; place++) {
        int64_t sample = place / (frame->out_height * frame->out_width);
        int64_t top = place / frame->out_width % frame->out_height * frame->step[0] - frame->above;
        int64_t left = place % frame->out_width * frame->step[1] - frame->left;
        for (int64_t cell = 0; cell < cells; cell++, next += frame->depth) {
            int64_t y = top + cell / frame->columns, x = left + cell % frame->columns;
            if (inside(frame, y, x)) {
                const float *pixel = images + ((sample * frame->height + y) * frame->width + x) * frame->depth;
                memcpy(next, pixel, (size_t)frame->depth * sizeof *next);
            }
        }
    }
    return all;
}
