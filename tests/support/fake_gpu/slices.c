/* StridedSlice: each entry of (begin, end, strides) is a slice, one place, a new axis, or all axes in between. */
#include <string.h>

#include "kernel.h"

typedef struct {
    int64_t dims[MOST_AXES], steps[MOST_AXES], start; /* of what is taken, with the axes of which one place is */
    int64_t shown[MOST_AXES];                         /* the shape of the result */
    int axes, shown_axes;
} Cut;

static bool marked(int32_t mask, int entry_number) {
    return (mask >> entry_number & 1) != 0;
}

static int64_t clipped(int64_t place, int64_t size, int64_t low, int64_t high) {
    place += place < 0 ? size : 0;
    return place < low ? low : place > high ? high : place;
}

static void take_all(Cut *cut, int64_t size, int64_t apart) {
    cut->dims[cut->axes] = cut->shown[cut->shown_axes++] = size;
    cut->steps[cut->axes++] = apart;
}

/* Take one place of an axis; false if it is outside. */
static bool take_one(Cut *cut, int64_t place, int64_t size, int64_t apart) {
    place += place < 0 ? size : 0;
    cut->dims[cut->axes] = 1;
    cut->steps[cut->axes++] = 0;
    cut->start += place * apart;
    return place >= 0 && place < size;
}

static void take_slice(const Run *run, Cut *cut, int which, int64_t size, int64_t apart) {
    const Kernel *kernel = run->kernel;
    int64_t by = entry(run->in[3], which), low = by > 0 ? 0 : -1, high = by > 0 ? size : size - 1;
    int64_t from = by > 0 ? low : high, to = by > 0 ? high : low;
    if (!marked(kernel->begin_mask, which)) {
        from = clipped(entry(run->in[1], which), size, low, high);
    }
    if (!marked(kernel->end_mask, which)) {
        to = clipped(entry(run->in[2], which), size, low, high);
    }
    int64_t count = (to - from + (by > 0 ? by - 1 : by + 1)) / by;
    take_all(cut, count > 0 ? count : 0, by * apart);
    cut->start += from * apart;
}

/* Return how many axes the entries name one by one. */
static int named_axes(const Run *run) {
    int count = 0;
    for (int i = 0; i < (int)run->in[1].size; i++) {
        count += !marked(run->kernel->new_axis_mask | run->kernel->ellipsis_mask, i);
    }
    return count;
}

static bool plan_cut(const Run *run, Cut *cut) {
    const Kernel *kernel = run->kernel;
    Array given = run->in[0];
    int64_t apart[MOST_AXES];
    plain_steps(given.axes, given.dims, apart);
    bool inside = true;
    int axis = 0, others = given.axes - named_axes(run);
    for (int i = 0; i < (int)run->in[1].size; i++) {
        if (marked(kernel->ellipsis_mask, i)) {
            for (int end = axis + others; axis < end; axis++) {
                take_all(cut, given.dims[axis], apart[axis]);
            }
        } else if (marked(kernel->new_axis_mask, i)) {
            cut->shown[cut->shown_axes++] = 1;
        } else if (marked(kernel->shrink_axis_mask, i)) {
            inside = take_one(cut, entry(run->in[1], i), given.dims[axis], apart[axis]) && inside;
            axis++;
        } else {
            take_slice(run, cut, i, given.dims[axis], apart[axis]);
            axis++;
        }
    }
    for (; axis < given.axes; axis++) {
        take_all(cut, given.dims[axis], apart[axis]);
    }
    return inside;
}

static void strided_slice(Run *run) {
    Cut cut = {0};
    if (!plan_cut(run, &cut)) {
        refuse(run, "slice index out of bounds");
        return;
    }
    Array out = result(run, 0, run->in[0].type, cut.shown_axes, cut.shown);
    copy_steps(out, cut.axes, cut.dims, run->in[0], cut.start, cut.steps);
}

/* StridedSliceGrad: the shape of what was cut, and the gradient of the result. */
static void strided_slice_gradient(Run *run) {
    Array out = result_shaped(run, 0, run->in[4].type, run->in[0]);
    if (failed(run)) {
        return;
    }
    Cut cut = {0};
    Run same = *run;
    same.in[0] = out;
    plan_cut(&same, &cut);
    size_t width = TF_DataTypeSize(out.type);
    int64_t place[MOST_AXES] = {0};
    memset(out.data, 0, (size_t)out.size * width);
    for (int64_t i = 0; i < run->in[4].size; i++) {
        int64_t to = cut.start + offset(cut.axes, place, cut.steps);
        memcpy((char *)out.data + (size_t)to * width, (char *)run->in[4].data + (size_t)i * width, width);
        advance_place(cut.axes, cut.dims, place);
    }
}

const Operation SLICES[] = {
    {"StridedSlice", strided_slice, REALS "lB", "T", "begin,end,strides", NULL, NULL},
    {"StridedSlice", strided_slice, "i", "T", "input,begin,end,strides,output", NULL, NULL}, /* of shapes */
    {"StridedSliceGrad", strided_slice_gradient, REALS "l", "T", "shape,begin,end,strides", NULL, NULL},
    {0},
};
