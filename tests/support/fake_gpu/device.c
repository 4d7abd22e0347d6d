/* The device: its memory is the host's, and everything asked of it is done when the call returns. */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "defects.h"
#include "tensorflow/c/experimental/stream_executor/stream_executor.h"

enum { ALIGNMENT = 64 };
static const int64_t MEMORY = 4LL << 30; /* what it says it has, in bytes */

/* Streams and events have no state: nothing is ever under way. */
struct SP_Stream_st {
    int unused;
};
struct SP_Event_st {
    int unused;
};
struct SP_Timer_st {
    struct timespec from, to;
};

static void succeed(TF_Status *status) {
    TF_SetStatus(status, TF_OK, "");
}

/* ---- memory ---- */

static void *host_memory(const SP_Device *device, uint64_t size) {
    (void)device;
    return aligned_alloc(ALIGNMENT, (size / ALIGNMENT + 1) * ALIGNMENT);
}

static void free_host_memory(const SP_Device *device, void *memory) {
    (void)device;
    free(memory);
}

static void allocate(const SP_Device *device, uint64_t size, int64_t space, SP_DeviceMemoryBase *memory) {
    (void)space;
    note_allocation(size);
    *memory = (SP_DeviceMemoryBase){.struct_size = SP_DEVICE_MEMORY_BASE_STRUCT_SIZE};
    memory->opaque = host_memory(device, size);
    memory->size = memory->opaque == NULL ? 0 : size;
}

static void deallocate(const SP_Device *device, SP_DeviceMemoryBase *memory) {
    free_host_memory(device, memory->opaque);
    memory->opaque = NULL;
    memory->size = 0;
}

static TF_Bool allocator_stats(const SP_Device *device, SP_AllocatorStats *stats) {
    (void)device, (void)stats;
    return 0;
}

static TF_Bool memory_usage(const SP_Device *device, int64_t *unused, int64_t *total) {
    (void)device;
    *unused = *total = MEMORY;
    return 1;
}

/* ---- copies: a call with a stream, and one that waits, are the same here ---- */

static void copy_out_now(const SP_Device *device, void *host, const SP_DeviceMemoryBase *from, uint64_t size,
                         TF_Status *status) {
    (void)device;
    memcpy(host, from->opaque, size);
    succeed(status);
}

static void copy_in_now(const SP_Device *device, SP_DeviceMemoryBase *to, const void *host, uint64_t size,
                        TF_Status *status) {
    (void)device;
    memcpy(to->opaque, host, size);
    succeed(status);
}

static void copy_within_now(const SP_Device *device, SP_DeviceMemoryBase *to, const SP_DeviceMemoryBase *from,
                            uint64_t size, TF_Status *status) {
    (void)device;
    memmove(to->opaque, from->opaque, size);
    succeed(status);
}

static void copy_out(const SP_Device *device, SP_Stream stream, void *host, const SP_DeviceMemoryBase *from,
                     uint64_t size, TF_Status *status) {
    (void)stream;
    copy_out_now(device, host, from, size, status);
}

static void copy_in(const SP_Device *device, SP_Stream stream, SP_DeviceMemoryBase *to, const void *host,
                    uint64_t size, TF_Status *status) {
    (void)stream;
    copy_in_now(device, to, host, size, status);
}

static void copy_within(const SP_Device *device, SP_Stream stream, SP_DeviceMemoryBase *to,
                        const SP_DeviceMemoryBase *from, uint64_t size, TF_Status *status) {
    (void)stream;
    copy_within_now(device, to, from, size, status);
}

static void set_bytes(const SP_Device *device, SP_Stream stream, SP_DeviceMemoryBase *to, uint8_t byte, uint64_t size,
                      TF_Status *status) {
    (void)device, (void)stream;
    memset(to->opaque, byte, size);
    succeed(status);
}

static void set_zero(const SP_Device *device, SP_Stream stream, SP_DeviceMemoryBase *to, uint64_t size,
                     TF_Status *status) {
    set_bytes(device, stream, to, 0, size, status);
}

static void set_words(const SP_Device *device, SP_Stream stream, SP_DeviceMemoryBase *to, uint32_t word, uint64_t size,
                      TF_Status *status) {
    (void)device, (void)stream;
    for (uint32_t *at = to->opaque; (uint64_t)((char *)at - (char *)to->opaque) + sizeof word <= size; at++) {
        *at = word;
    }
    succeed(status);
}

/* ---- streams, events, timers ---- */

static void new_stream(const SP_Device *device, SP_Stream *stream, TF_Status *status) {
    (void)device;
    *stream = calloc(1, sizeof **stream);
    succeed(status);
}

static void free_stream(const SP_Device *device, SP_Stream stream) {
    (void)device;
    free(stream);
}

static void order_streams(const SP_Device *device, SP_Stream dependent, SP_Stream other, TF_Status *status) {
    (void)device, (void)dependent, (void)other;
    succeed(status);
}

static void stream_is_idle(const SP_Device *device, SP_Stream stream, TF_Status *status) {
    (void)device, (void)stream;
    succeed(status);
}

static void new_event(const SP_Device *device, SP_Event *event, TF_Status *status) {
    (void)device;
    *event = calloc(1, sizeof **event);
    succeed(status);
}

static void free_event(const SP_Device *device, SP_Event event) {
    (void)device;
    free(event);
}

static SE_EventStatus event_is_complete(const SP_Device *device, SP_Event event) {
    (void)device, (void)event;
    return SE_EVENT_COMPLETE;
}

static void event_in_stream(const SP_Device *device, SP_Stream stream, SP_Event event, TF_Status *status) {
    (void)device, (void)stream, (void)event;
    succeed(status);
}

static void wait_for_event(const SP_Device *device, SP_Event event, TF_Status *status) {
    (void)device, (void)event;
    succeed(status);
}

static void new_timer(const SP_Device *device, SP_Timer *timer, TF_Status *status) {
    (void)device;
    *timer = calloc(1, sizeof **timer);
    succeed(status);
}

static void free_timer(const SP_Device *device, SP_Timer timer) {
    (void)device;
    free(timer);
}

static void start_timer(const SP_Device *device, SP_Stream stream, SP_Timer timer, TF_Status *status) {
    (void)device, (void)stream;
    clock_gettime(CLOCK_MONOTONIC, &timer->from);
    succeed(status);
}

static void stop_timer(const SP_Device *device, SP_Stream stream, SP_Timer timer, TF_Status *status) {
    (void)device, (void)stream;
    clock_gettime(CLOCK_MONOTONIC, &timer->to);
    succeed(status);
}

static uint64_t timer_nanoseconds(SP_Timer timer) {
    int64_t seconds = timer->to.tv_sec - timer->from.tv_sec;
    return (uint64_t)(seconds * 1000000000 + timer->to.tv_nsec - timer->from.tv_nsec);
}

static void everything_is_done(const SP_Device *device, TF_Status *status) {
    (void)device;
    succeed(status);
}

static TF_Bool call_host(const SP_Device *device, SP_Stream stream, SE_StatusCallbackFn callback, void *argument) {
    (void)device, (void)stream;
    TF_Status *status = TF_NewStatus();
    callback(argument, status);
    TF_Bool good = TF_GetCode(status) == TF_OK;
    TF_DeleteStatus(status);
    return good;
}

/* ---- the platform ---- */

static void new_executor(const SP_Platform *platform, SE_CreateStreamExecutorParams *params, TF_Status *status) {
    (void)platform;
    SP_StreamExecutor *executor = params->stream_executor;
    *executor = (SP_StreamExecutor){.struct_size = SP_STREAMEXECUTOR_STRUCT_SIZE};
    executor->allocate = allocate;
    executor->deallocate = deallocate;
    executor->host_memory_allocate = executor->unified_memory_allocate = host_memory;
    executor->host_memory_deallocate = executor->unified_memory_deallocate = free_host_memory;
    executor->get_allocator_stats = allocator_stats;
    executor->device_memory_usage = memory_usage;
    executor->memcpy_dtoh = copy_out;
    executor->memcpy_htod = copy_in;
    executor->memcpy_dtod = copy_within;
    executor->sync_memcpy_dtoh = copy_out_now;
    executor->sync_memcpy_htod = copy_in_now;
    executor->sync_memcpy_dtod = copy_within_now;
    executor->mem_zero = set_zero;
    executor->memset = set_bytes;
    executor->memset32 = set_words;
    executor->create_stream = new_stream;
    executor->destroy_stream = free_stream;
    executor->create_stream_dependency = order_streams;
    executor->get_stream_status = executor->block_host_until_done = stream_is_idle;
    executor->create_event = new_event;
    executor->destroy_event = free_event;
    executor->get_event_status = event_is_complete;
    executor->record_event = executor->wait_for_event = event_in_stream;
    executor->block_host_for_event = wait_for_event;
    executor->create_timer = new_timer;
    executor->destroy_timer = free_timer;
    executor->start_timer = start_timer;
    executor->stop_timer = stop_timer;
    executor->synchronize_all_activity = everything_is_done;
    executor->host_callback = call_host;
    succeed(status);
}

static void free_executor(const SP_Platform *platform, SP_StreamExecutor *executor) {
    (void)platform, (void)executor;
}

static void count_devices(const SP_Platform *platform, int *count, TF_Status *status) {
    (void)platform;
    *count = 1;
    succeed(status);
}

static void new_device(const SP_Platform *platform, SE_CreateDeviceParams *params, TF_Status *status) {
    (void)platform;
    *params->device = (SP_Device){.struct_size = SP_DEVICE_STRUCT_SIZE, .ordinal = params->ordinal};
    params->device->hardware_name = "a fake GPU in the memory of its host";
    params->device->device_vendor = "tests";
    params->device->pci_bus_id = "0000:00:00.0";
    succeed(status);
}

static void free_device(const SP_Platform *platform, SP_Device *device) {
    (void)platform, (void)device;
}

static void new_device_fns(const SP_Platform *platform, SE_CreateDeviceFnsParams *params, TF_Status *status) {
    (void)platform;
    *params->device_fns = (SP_DeviceFns){.struct_size = SP_DEVICE_FNS_STRUCT_SIZE};
    succeed(status);
}

static void free_device_fns(const SP_Platform *platform, SP_DeviceFns *functions) {
    (void)platform, (void)functions;
}

static void new_timer_fns(const SP_Platform *platform, SP_TimerFns *functions, TF_Status *status) {
    (void)platform;
    *functions = (SP_TimerFns){.struct_size = SP_TIMER_FNS_STRUCT_SIZE, .nanoseconds = timer_nanoseconds};
    succeed(status);
}

static void free_timer_fns(const SP_Platform *platform, SP_TimerFns *functions) {
    (void)platform, (void)functions;
}

static void free_platform(SP_Platform *platform) {
    (void)platform;
}

static void free_platform_fns(SP_PlatformFns *functions) {
    (void)functions;
}

void SE_InitPlugin(SE_PlatformRegistrationParams *params, TF_Status *status) {
    params->platform->struct_size = SP_PLATFORM_STRUCT_SIZE;
    params->platform->name = "FAKE";
    params->platform->type = "GPU";
    params->platform->use_bfc_allocator = 0;
    SP_PlatformFns *functions = params->platform_fns;
    *functions = (SP_PlatformFns){.struct_size = SP_PLATFORM_FNS_STRUCT_SIZE};
    functions->get_device_count = count_devices;
    functions->create_device = new_device;
    functions->destroy_device = free_device;
    functions->create_device_fns = new_device_fns;
    functions->destroy_device_fns = free_device_fns;
    functions->create_stream_executor = new_executor;
    functions->destroy_stream_executor = free_executor;
    functions->create_timer_fns = new_timer_fns;
    functions->destroy_timer_fns = free_timer_fns;
    params->destroy_platform = free_platform;
    params->destroy_platform_fns = free_platform_fns;
    succeed(status);
}
