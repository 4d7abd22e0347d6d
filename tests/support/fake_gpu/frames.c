#include "frames.h"

#include "defects.h"

static int64_t zeros_before(int64_t zeros, int64_t step) {
    bool shifted = step > 1 && defective_device("padding");
    return zeros < 0 ? 0 : (zeros + shifted) / 2;
}

static void measure_axis(const Kernel *kernel, int axis, int64_t size, int64_t window, int64_t *out, int64_t *before) {
    int64_t step = kernel->strides[1 + axis], reach = (window - 1) * kernel->dilations[1 + axis] + 1;
    *before = 0;
    if (kernel->explicit_zeros) {
        *before = kernel->zeros[2 + 2 * axis];
        *out = (size + *before + kernel->zeros[3 + 2 * axis] - reach) / step + 1;
    } else if (kernel->valid) {
        *out = (size - reach) / step + 1;
    } else {
        *out = (size + step - 1) / step;
        *before = zeros_before((*out - 1) * step + reach - size, step);
    }
}

Frame frame_of(Run *run, const int64_t *dims, int64_t rows, int64_t columns) {
    const Kernel *kernel = run->kernel;
    Frame frame = {
        .samples = dims[0], .height = dims[1], .width = dims[2], .depth = dims[3], .rows = rows, .columns = columns,
        .step = {kernel->strides[1], kernel->strides[2]}, .spread = {kernel->dilations[1], kernel->dilations[2]},
    };
    if (kernel->channels_first) {
        refuse(run, "this device takes images with their channels last");
        return frame;
    }
    measure_axis(kernel, 0, frame.height, rows, &frame.out_height, &frame.above);
    measure_axis(kernel, 1, frame.width, columns, &frame.out_width, &frame.left);
    if (frame.out_height < 0 || frame.out_width < 0) {
        refuse(run, "the window is larger than the image");
    }
    return frame;
}
