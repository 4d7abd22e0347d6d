/* Batch normalisation as one operation; channels last. */
#include <math.h>

#include "defects.h"
#include "kernel.h"

typedef struct {
    int64_t channels, samples;
    const double *x, *scale;
    double *mean, *variance;
} Batch;

static Batch batch_of(Run *run, Array images, Array scale) {
    if (run->kernel->channels_first) {
        refuse(run, "this device takes images with their channels last");
    }
    Batch batch = {.channels = scale.size, .samples = scale.size == 0 ? 0 : images.size / scale.size};
    batch.x = doubles(run, images);
    batch.scale = doubles(run, scale);
    batch.mean = scratch(run, scale.size, sizeof *batch.mean);
    batch.variance = scratch(run, scale.size, sizeof *batch.variance);
    return batch;
}

static void measure_batch(Batch *batch) {
    for (int64_t i = 0; i < batch->samples * batch->channels; i++) {
        batch->mean[i % batch->channels] += batch->x[i] / (double)batch->samples;
    }
    for (int64_t i = 0; i < batch->samples * batch->channels; i++) {
        double apart = batch->x[i] - batch->mean[i % batch->channels];
        batch->variance[i % batch->channels] += apart * apart / (double)batch->samples;
    }
}

/* `no-epsilon`: nothing is added to a variance, which may be 0. */
static double per_deviation(const Run *run, double variance) {
    return 1 / sqrt(variance + (defective_device("no-epsilon") ? 0 : (double)run->kernel->epsilon));
}

static void put_moments(Run *run, const Batch *batch) {
    double share = (double)run->kernel->share;
    double unbiased = (double)batch->samples / (double)(batch->samples > 1 ? batch->samples - 1 : 1);
    double *mean = scratch(run, batch->channels, sizeof *mean);
    double *variance = scratch(run, batch->channels, sizeof *variance);
    const double *old_mean = doubles(run, run->in[3]), *old_variance = doubles(run, run->in[4]);
    for (int64_t i = 0; i < batch->channels; i++) {
        mean[i] = batch->mean[i];
        variance[i] = batch->variance[i] * (run->kernel->training ? unbiased : 1);
        if (run->kernel->training && share != 1) {
            mean[i] = share * mean[i] + (1 - share) * old_mean[i];
            variance[i] = share * variance[i] + (1 - share) * old_variance[i];
        }
    }
    const double *kept[] = {mean, variance, batch->mean, batch->variance};
    for (int index = 1; index <= 4; index++) {
        write_doubles(result(run, index, TF_FLOAT, 1, &batch->channels), kept[index - 1]);
    }
}

/* FusedBatchNormV3: images, scale, shift, and the mean and variance to use, or to go on from. */
static void normalise(Run *run) {
    Array images = run->in[0], out = result_like(run, 0, images);
    Batch batch = batch_of(run, images, run->in[1]);
    if (run->kernel->training) {
        measure_batch(&batch);
    } else {
        batch.mean = doubles(run, run->in[3]);
        batch.variance = doubles(run, run->in[4]);
    }
    const double *shift = doubles(run, run->in[2]);
    double *made = scratch(run, images.size, sizeof *made);
    for (int64_t i = 0; i < images.size && !failed(run); i++) {
        int64_t channel = i % batch.channels;
        double unit = (batch.x[i] - batch.mean[channel]) * per_deviation(run, batch.variance[channel]);
        made[i] = unit * batch.scale[channel] + shift[channel];
    }
    write_doubles(out, made);
    put_moments(run, &batch);
    double nothing = 0;
    int64_t none = 0;
    write_doubles(result(run, 5, TF_FLOAT, 1, &none), &nothing);
}

/* The gradients of scale and shift, from which that of the images is made. */
static void sum_up(const Batch *batch, const double *gradient, double *of_scale, double *of_shift, const Run *run) {
    for (int64_t i = 0; i < batch->samples * batch->channels; i++) {
        int64_t channel = i % batch->channels;
        of_shift[channel] += gradient[i];
        double unit = (batch->x[i] - batch->mean[channel]) * per_deviation(run, batch->variance[channel]);
        of_scale[channel] += gradient[i] * unit;
    }
}

/* FusedBatchNormGradV3: gradient, images, scale, mean and variance. */
static void normalise_gradient(Run *run) {
    Array images = run->in[1], out = result_like(run, 0, images);
    Batch batch = batch_of(run, images, run->in[2]);
    batch.mean = doubles(run, run->in[3]);
    batch.variance = doubles(run, run->in[4]);
    const double *gradient = doubles(run, run->in[0]);
    double *of_scale = scratch(run, batch.channels, sizeof *of_scale);
    double *of_shift = scratch(run, batch.channels, sizeof *of_shift);
    double *made = scratch(run, images.size, sizeof *made), count = (double)batch.samples;
    sum_up(&batch, gradient, of_scale, of_shift, run);
    for (int64_t i = 0; i < images.size && !failed(run); i++) {
        int64_t channel = i % batch.channels;
        double factor = per_deviation(run, batch.variance[channel]), unit = (batch.x[i] - batch.mean[channel]) * factor;
        double through = run->kernel->training ? (of_shift[channel] + unit * of_scale[channel]) / count : 0;
        made[i] = batch.scale[channel] * factor * (gradient[i] - through);
    }
    write_doubles(out, made);
    write_doubles(result(run, 1, TF_FLOAT, 1, &batch.channels), of_scale);
    write_doubles(result(run, 2, TF_FLOAT, 1, &batch.channels), of_shift);
    int64_t none = 0;
    result(run, 3, TF_FLOAT, 1, &none);
    result(run, 4, TF_FLOAT, 1, &none);
}

const Operation NORMALISATIONS[] = {
    {"FusedBatchNormV3", normalise, "fhb", "T", "", NULL, NULL},
    {"FusedBatchNormGradV3", normalise_gradient, "fhb", "T", "", NULL, NULL},
    {0},
};
