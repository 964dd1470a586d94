/* memcpy_async.h -- a copy by all threads of a group, to be waited for. Here it is done when it returns. */
#pragma once
#include "../cooperative_groups.h"

namespace cooperative_groups {
template <class Group, class T> SIMT_INLINE void memcpy_async(const Group &group, T *to, const T *from, size_t bytes)
{
    for (size_t i = group.thread_rank(); i < bytes / sizeof(T); i += group.size()) to[i] = from[i];
}
template <class Group> SIMT_INLINE void wait(const Group &group, simt::Place at = simt::Place::here())
{
    group.sync(at);
}
} // namespace cooperative_groups
