/* Convolutions of two dimensions, channels last: products of what is under each window; and channel by channel. */
#include <string.h>

#include "defects.h"
#include "frames.h"

/* ---- all channels to all filters ---- */

static bool plan(Run *run, const int64_t *images, const int64_t *filter, Frame *frame) {
    if (images[3] != filter[2]) {
        refuse(run, "this device convolves without groups");
        return false;
    }
    *frame = frame_of(run, images, filter[0], filter[1]);
    frame->filters = filter[3];
    return !failed(run);
}

static void forget_filters(float *values, int64_t size, int64_t filters) {
    enum { LIMIT = 1 << 16 };
    for (int64_t i = 0; i < size && filters > LIMIT; i++) {
        values[i] = i % filters < LIMIT ? values[i] : 0;
    }
}

static void convolve(Run *run) {
    Frame frame;
    if (!plan(run, run->in[0].dims, run->in[1].dims, &frame)) {
        return;
    }
    int64_t dims[] = {frame.samples, frame.out_height, frame.out_width, frame.filters};
    int64_t under = cells(&frame) * frame.depth;
    Array out = result(run, 0, run->in[0].type, 4, dims);
    if (failed(run)) {
        return;
    }
    float *rows = scratch(run, places(&frame) * under, sizeof *rows), *values = place_for(run, out);
    take_windows(&frame, floats(run, run->in[0]), rows);
    multiply(rows, floats(run, run->in[1]), values, places(&frame), frame.filters, under);
    if (defective_device("filters-2e16")) {
        forget_filters(values, out.size, frame.filters);
    }
    keep_floats(out, values);
}

/* Conv2DBackpropInput: the images' shape, filter, gradient. */
static void gradient_of_images(Run *run) {
    int64_t dims[MOST_AXES] = {0};
    for (int64_t i = 0; i < 4 && i < run->in[0].size; i++) {
        dims[i] = entry(run->in[0], i);
    }
    Frame frame;
    if (!plan(run, dims, run->in[1].dims, &frame)) {
        return;
    }
    int64_t under = cells(&frame) * frame.depth;
    Array out = result(run, 0, run->in[1].type, 4, dims);
    if (failed(run)) {
        return;
    }
    float *turned = scratch(run, run->in[1].size, sizeof *turned);
    float *rows = scratch(run, places(&frame) * under, sizeof *rows), *values = scratch(run, out.size, sizeof *values);
    exchange(floats(run, run->in[1]), turned, under, frame.filters);
    multiply(floats(run, run->in[2]), turned, rows, places(&frame), under, frame.filters);
    add_windows(&frame, values, rows);
    write_floats(out, values);
}

/* Conv2DBackpropFilter: images, the filter's shape, gradient. */
static void gradient_of_filter(Run *run) {
    int64_t dims[MOST_AXES] = {0};
    for (int64_t i = 0; i < 4 && i < run->in[1].size; i++) {
        dims[i] = entry(run->in[1], i);
    }
    Frame frame;
    if (!plan(run, run->in[0].dims, dims, &frame)) {
        return;
    }
    int64_t under = cells(&frame) * frame.depth;
    Array out = result(run, 0, run->in[0].type, 4, dims);
    if (failed(run)) {
        return;
    }
    float *rows = scratch(run, places(&frame) * under, sizeof *rows);
    float *turned = scratch(run, places(&frame) * under, sizeof *turned);
    float *values = place_for(run, out);
    take_windows(&frame, floats(run, run->in[0]), rows);
    exchange(rows, turned, places(&frame), under);
    multiply(turned, floats(run, run->in[2]), values, under, frame.filters, places(&frame));
    keep_floats(out, values);
}

/* ---- each channel for itself: filters (rows, columns, channels, results of each) ---- */

typedef void EachProduct(int64_t image, int64_t weight, int64_t made, const double *x, const double *y, double *to);

static void to_result(int64_t image, int64_t weight, int64_t made, const double *x, const double *y, double *to) {
    to[made] += x[image] * y[weight];
}

static void to_image(int64_t image, int64_t weight, int64_t made, const double *x, const double *y, double *to) {
    to[image] += x[weight] * y[made];
}

static void to_weight(int64_t image, int64_t weight, int64_t made, const double *x, const double *y, double *to) {
    to[weight] += x[image] * y[made];
}

static void each_channel(const Frame *frame, int64_t times, EachProduct *put, const double *x, const double *y,
                         double *to) {
    int64_t filters = frame->depth * times;
    for (int64_t place = 0; place < places(frame); place++) {
        for (int64_t cell = 0; cell < cells(frame); cell++) {
            int64_t at = pixel(frame, place, cell);
            for (int64_t i = 0; at >= 0 && i < filters; i++) {
                put(at + i / times, cell * filters + i, place * filters + i, x, y, to);
            }
        }
    }
}

static void shape_at(Array sizes, int64_t *dims) {
    for (int64_t i = 0; i < 4 && i < sizes.size; i++) {
        dims[i] = entry(sizes, i);
    }
}

static void depthwise(Run *run) {
    const int64_t *filter = run->in[1].dims;
    Frame frame = frame_of(run, run->in[0].dims, filter[0], filter[1]);
    int64_t dims[] = {frame.samples, frame.out_height, frame.out_width, filter[2] * filter[3]};
    Array out = result(run, 0, run->in[0].type, 4, dims);
    double *sums = scratch(run, out.size, sizeof *sums);
    if (!failed(run)) {
        each_channel(&frame, filter[3], to_result, doubles(run, run->in[0]), doubles(run, run->in[1]), sums);
        write_doubles(out, sums);
    }
}

static void depthwise_gradient(Run *run) {
    bool of_images = computes(run, "DepthwiseConv2dNativeBackpropInput");
    Array sizes = run->in[of_images ? 0 : 1], other = run->in[of_images ? 1 : 0];
    int64_t given[MOST_AXES] = {0};
    shape_at(sizes, given);
    const int64_t *images = of_images ? given : other.dims, *filter = of_images ? other.dims : given;
    Frame frame = frame_of(run, images, filter[0], filter[1]);
    Array out = result(run, 0, other.type, 4, given);
    double *sums = scratch(run, out.size, sizeof *sums);
    if (!failed(run)) {
        EachProduct *put = of_images ? to_image : to_weight;
        each_channel(&frame, filter[3], put, doubles(run, other), doubles(run, run->in[2]), sums);
        write_doubles(out, sums);
    }
}

const Operation CONVOLUTIONS[] = {
    {"Conv2D", convolve, "fhb", "T", "", NULL, NULL},
    {"Conv2DBackpropInput", gradient_of_images, "fhb", "T", "input_sizes", NULL, NULL},
    {"Conv2DBackpropFilter", gradient_of_filter, "fhb", "T", "filter_sizes", NULL, NULL},
    {"DepthwiseConv2dNative", depthwise, "fhb", "T", "", NULL, NULL},
    {"DepthwiseConv2dNativeBackpropInput", depthwise_gradient, "fhb", "T", "input_sizes", NULL, NULL},
    {"DepthwiseConv2dNativeBackpropFilter", depthwise_gradient, "fhb", "T", "filter_sizes", NULL, NULL},
    {0},
};
