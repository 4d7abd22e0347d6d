#include "arithmetic.h"

#include <math.h>
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

void exchange(const float *matrix, float *to, int64_t rows, int64_t columns) {
    for (int64_t i = 0; i < rows * columns; i++) {
        to[i % columns * rows + i / columns] = matrix[i];
    }
}

void add_bias(float *values, const float *bias, int64_t size, int64_t columns) {
    for (int64_t i = 0; i < size; i++) {
        values[i] += bias[i % columns];
    }
}

int64_t places(const Frame *frame) {
    return frame->samples * frame->out_height * frame->out_width;
}

int64_t cells(const Frame *frame) {
    return frame->rows * frame->columns;
}

int64_t pixel(const Frame *frame, int64_t place, int64_t cell) {
    int64_t top = place / frame->out_width % frame->out_height * frame->step[0] - frame->above;
    int64_t left = place % frame->out_width * frame->step[1] - frame->left;
    int64_t y = top + cell / frame->columns * frame->spread[0], x = left + cell % frame->columns * frame->spread[1];
    bool inside = y >= 0 && y < frame->height && x >= 0 && x < frame->width;
    int64_t sample = place / (frame->out_height * frame->out_width);
    return inside ? ((sample * frame->height + y) * frame->width + x) * frame->depth : -1;
}

void take_windows(const Frame *frame, const float *images, float *rows) {
    for (int64_t i = 0; i < places(frame) * cells(frame); i++) {
        int64_t at = pixel(frame, i / cells(frame), i % cells(frame));
        if (at >= 0) {
            memcpy(rows + i * frame->depth, images + at, (size_t)frame->depth * sizeof *rows);
        } else {
            memset(rows + i * frame->depth, 0, (size_t)frame->depth * sizeof *rows);
        }
    }
}

void add_windows(const Frame *frame, float *images, const float *rows) {
    for (int64_t i = 0; i < places(frame) * cells(frame); i++) {
        int64_t at = pixel(frame, i / cells(frame), i % cells(frame));
        for (int64_t channel = 0; at >= 0 && channel < frame->depth; channel++) {
            images[at + channel] += rows[i * frame->depth + channel];
        }
    }
}
