/* The largest number, or the mean, under each window; and where their gradients go. */
#include <math.h>
#include <string.h>

#include "frames.h"

static Frame frame_of_pool(Run *run, const int64_t *dims) {
    return frame_of(run, dims, run->kernel->window[1], run->kernel->window[2]);
}

/* Return where the largest number of a channel is under the window at a place; the first of equals. */
static int64_t largest_under(const Frame *frame, int64_t place, int64_t channel, const double *images) {
    int64_t best = -1;
    for (int64_t cell = 0; cell < cells(frame); cell++) {
        int64_t at = pixel(frame, place, cell);
        if (at >= 0 && (best < 0 || images[at + channel] > images[best] || isnan(images[at + channel]))) {
            best = at + channel;
        }
    }
    return best;
}

static int64_t numbers_under(const Frame *frame, int64_t place) {
    int64_t count = 0;
    for (int64_t cell = 0; cell < cells(frame); cell++) {
        count += pixel(frame, place, cell) >= 0;
    }
    return count;
}

static Array pooled(Run *run, Frame *frame) {
    *frame = frame_of_pool(run, run->in[0].dims);
    int64_t dims[] = {frame->samples, frame->out_height, frame->out_width, frame->depth};
    return result(run, 0, run->in[0].type, 4, dims);
}

static void largest(Run *run) {
    Frame frame;
    Array out = pooled(run, &frame);
    const double *images = doubles(run, run->in[0]);
    double *values = scratch(run, out.size, sizeof *values);
    for (int64_t i = 0; i < out.size; i++) {
        values[i] = images[largest_under(&frame, i / frame.depth, i % frame.depth, images)];
    }
    write_doubles(out, values);
}

static void mean(Run *run) {
    Frame frame;
    Array out = pooled(run, &frame);
    const double *images = doubles(run, run->in[0]);
    double *values = scratch(run, out.size, sizeof *values);
    for (int64_t i = 0; i < out.size; i++) {
        int64_t place = i / frame.depth;
        for (int64_t cell = 0; cell < cells(&frame); cell++) {
            int64_t at = pixel(&frame, place, cell);
            values[i] += at < 0 ? 0 : images[at + i % frame.depth];
        }
        values[i] /= (double)numbers_under(&frame, place);
    }
    write_doubles(out, values);
}

/* MaxPoolGrad: images, what was made of them, its gradient. */
static void gradient_of_largest(Run *run) {
    Frame frame = frame_of_pool(run, run->in[0].dims);
    Array out = result_like(run, 0, run->in[0]);
    const double *images = doubles(run, run->in[0]), *gradient = doubles(run, run->in[2]);
    double *values = scratch(run, out.size, sizeof *values);
    for (int64_t i = 0; i < run->in[2].size && !failed(run); i++) {
        values[largest_under(&frame, i / frame.depth, i % frame.depth, images)] += gradient[i];
    }
    write_doubles(out, values);
}

/* AvgPoolGrad: the images' shape, gradient. */
static void gradient_of_mean(Run *run) {
    Array out = result_shaped(run, 0, run->in[1].type, run->in[0]);
    if (failed(run)) {
        return;
    }
    Frame frame = frame_of_pool(run, out.dims);
    const double *gradient = doubles(run, run->in[1]);
    double *values = scratch(run, out.size, sizeof *values);
    for (int64_t i = 0; i < run->in[1].size && !failed(run); i++) {
        double share = gradient[i] / (double)numbers_under(&frame, i / frame.depth);
        for (int64_t cell = 0; cell < cells(&frame); cell++) {
            int64_t at = pixel(&frame, i / frame.depth, cell);
            if (at >= 0) {
                values[at + i % frame.depth] += share;
            }
        }
    }
    write_doubles(out, values);
}

const Operation POOLINGS[] = {
    {"MaxPool", largest, REALS, "T", "", NULL, NULL},
    {"MaxPoolGrad", gradient_of_largest, REALS, "T", "", NULL, NULL},
    {"AvgPool", mean, REALS, "T", "", NULL, NULL},
    {"AvgPoolGrad", gradient_of_mean, REALS, "T", "orig_input_shape", NULL, NULL},
    {0},
};
