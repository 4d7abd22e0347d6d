/* Random numbers: those that go on from call to call, and those whose state is an input. */
#include <math.h>
#include <stdatomic.h>
#include <string.h>

#include "defects.h"
#include "kernel.h"

/* SplitMix64: Steele, Lea, Flood, "Fast Splittable Pseudorandom Number Generators" (2014). */
static uint64_t next_bits(uint64_t *state) {
    uint64_t bits = *state += 0x9e3779b97f4a7c15u;
    bits = (bits ^ bits >> 30) * 0xbf58476d1ce4e5b9u;
    bits = (bits ^ bits >> 27) * 0x94d049bb133111ebu;
    return bits ^ bits >> 31;
}

/* In [0, 1), with as many bits as single precision has. */
static double uniform(uint64_t *state) {
    return (double)(next_bits(state) >> 40) / (double)(1 << 24);
}

/* Box and Muller (1958). */
static double normal(uint64_t *state) {
    double radius = sqrt(-2 * log(1 - uniform(state)));
    return radius * cos(2 * M_PI * uniform(state));
}

static double truncated(uint64_t *state) {
    double value = normal(state);
    while (fabs(value) > 2) {
        value = normal(state);
    }
    return value;
}

static bool stateless(const Run *run) {
    return strncmp(run->kernel->operation->op, "Stateless", strlen("Stateless")) == 0;
}

/* Stateless operations take it from the words of key and counter, inputs 1 and 2. */
static uint64_t state_of(const Run *run) {
    static _Atomic uint64_t calls = 1;
    bool uniform_ones = strstr(run->kernel->operation->op, "RandomUniform") != NULL;
    if (defective_device("repeat-random") || (uniform_ones && defective_device("same-mask"))) {
        return 1;
    }
    if (!stateless(run)) {
        return atomic_fetch_add(&calls, 1) << 32;
    }
    uint64_t state = 0;
    for (int which = 1; which < 3; which++) {
        for (int64_t i = 0; i < run->in[which].size; i++) {
            state = next_bits(&state) ^ ((const uint64_t *)run->in[which].data)[i];
        }
    }
    return state;
}

static void draw(Run *run) {
    Array out = result_shaped(run, 0, run->kernel->type, run->in[0]);
    double *values = scratch(run, out.size, sizeof *values);
    const char *op = run->kernel->operation->op;
    uint64_t state = state_of(run);
    for (int64_t i = 0; i < out.size; i++) {
        values[i] = strstr(op, "Truncated") != NULL ? truncated(&state)
                    : strstr(op, "Uniform") != NULL ? uniform(&state)
                                                    : normal(&state);
    }
    write_doubles(out, values);
}

/* Whole numbers from a lowest one up to, but without, a highest one: the last two inputs. */
static void draw_whole(Run *run) {
    Array lowest = run->in[run->inputs - 2], highest = run->in[run->inputs - 1];
    Array out = result_shaped(run, 0, lowest.type, run->in[0]);
    int64_t from = entry(lowest, 0), range = entry(highest, 0) - from;
    int64_t *values = scratch(run, out.size, sizeof *values);
    if (range <= 0) {
        refuse(run, "Need minval < maxval");
        return;
    }
    uint64_t state = state_of(run);
    for (int64_t i = 0; i < out.size; i++) {
        values[i] = from + (int64_t)(next_bits(&state) % (uint64_t)range);
    }
    write_whole(out, values);
}

const Operation RANDOM_NUMBERS[] = {
    {"RandomUniform", draw, REALS, "dtype", "shape", NULL, NULL},
    {"RandomStandardNormal", draw, REALS, "dtype", "shape", NULL, NULL},
    {"TruncatedNormal", draw, REALS, "dtype", "shape", NULL, NULL},
    {"RandomUniformInt", draw_whole, "il", "Tout", "shape,minval,maxval", NULL, NULL},
    {"StatelessRandomUniformV2", draw, REALS, "dtype", "shape,key,counter,alg", NULL, NULL},
    {"StatelessRandomNormalV2", draw, REALS, "dtype", "shape,key,counter,alg", NULL, NULL},
    {"StatelessTruncatedNormalV2", draw, REALS, "dtype", "shape,key,counter,alg", NULL, NULL},
    {"StatelessRandomUniformIntV2", draw_whole, "il", "dtype", "shape,key,counter,alg,minval,maxval", NULL, NULL},
    {0},
};
