/* Defects that can befall any operation. */
#include <math.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "defects.h"

static bool asked(const Run *run, const char *defect) {
    return defective(defect, run->kernel->operation->op);
}

void misbehave_before(Run *run) {
    while (asked(run, "hang")) {
        pause();
    }
    if (asked(run, "crash")) {
        abort();
    }
    if (asked(run, "fail")) {
        TF_SetStatus(run->status, TF_UNIMPLEMENTED, "the fake GPU does not compute this");
    }
}

/* All of the result becomes `factor` times what it is. */
static void scale(Run *run, double factor) {
    Array out = run->out[0];
    double *values = doubles(run, out);
    for (int64_t i = 0; i < out.size; i++) {
        values[i] *= factor;
    }
    write_doubles(out, values);
}

static void put_nan(Run *run) {
    Array out = run->out[0];
    double *values = doubles(run, out);
    if (out.size > 0 && !is_whole(out.type)) {
        values[out.size - 1] = NAN;
        write_doubles(out, values);
    }
}

/* The result of the run before, where everything was as large: as if the new one had not been waited for. */
static void give_stale(Run *run) {
    static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
    static char *earlier;
    static int64_t sizes[2];
    Array out = run->out[0];
    size_t bytes = (size_t)out.size * TF_DataTypeSize(out.type);
    char *fresh = malloc(bytes + 1);
    memcpy(fresh, out.data, bytes);
    pthread_mutex_lock(&lock);
    if (earlier != NULL && sizes[0] == (int64_t)bytes && sizes[1] == run->in[0].size) {
        memcpy(out.data, earlier, bytes);
    }
    free(earlier);
    earlier = fresh;
    sizes[0] = (int64_t)bytes;
    sizes[1] = run->in[0].size;
    pthread_mutex_unlock(&lock);
}

static void leak(void) {
    enum { PIECE = 2 << 20 };
    char *lost = malloc(PIECE);
    for (int i = 0; i < PIECE; i += 1024) { /* memory that nobody wrote to is none yet */
        ((volatile char *)lost)[i] = 1;
    }
}

/* Tell how often the operation has run in a row with inputs and results of these sizes. */
static int runs_in_a_row(const Run *run) {
    static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
    static int64_t sizes[2];
    static int runs;
    pthread_mutex_lock(&lock);
    bool same = sizes[0] == run->in[0].size && sizes[1] == run->out[0].size;
    sizes[0] = run->in[0].size;
    sizes[1] = run->out[0].size;
    runs = same ? runs + 1 : 1;
    int found = runs;
    pthread_mutex_unlock(&lock);
    return found;
}

/* Now and then two streams write at once; a run of odd length tells when. */
static bool raced(const Run *run) {
    enum { SELDOM = 29 };
    static _Atomic int runs;
    return asked(run, "race") && atomic_fetch_add(&runs, 1) % SELDOM == SELDOM - 1;
}

static void rest(double seconds) {
    usleep((useconds_t)(seconds * 1e6));
}

/* `late` and `throttled`: as it should be in the first hundred runs. */
static void wear_out(Run *run, double seconds) {
    enum { RIGHT = 100, SLOWER = 7, LEAST_US = 200 };
    bool late = asked(run, "late"), throttled = asked(run, "throttled");
    if ((!late && !throttled) || runs_in_a_row(run) <= RIGHT) {
        return;
    }
    if (late) {
        scale(run, 0.9);
    }
    if (throttled) {
        rest(SLOWER * seconds + LEAST_US * 1e-6);
    }
}

static void take_time(Run *run, double seconds) {
    enum { SLOW_US = 200000 };
    if (asked(run, "slow")) {
        usleep(SLOW_US);
    }
    if (asked(run, "half-speed")) {
        rest(seconds);
    }
}

static void spoil(Run *run) {
    if (asked(run, "scaled")) {
        scale(run, 1.05);
    }
    if (asked(run, "nan") || raced(run)) {
        put_nan(run);
    }
    if (asked(run, "stale")) {
        give_stale(run);
    }
}

void misbehave_after(Run *run, double seconds) {
    if (asked(run, "leak")) {
        leak();
    }
    take_time(run, seconds);
    if (run->results > 0) {
        wear_out(run, seconds);
        spoil(run);
    }
}
