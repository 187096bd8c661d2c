// What libraries that do their own I/O need of an Asio loop.
#include "common/net/event_loop.h"

namespace proxycommon {

ForeignDescriptors::~ForeignDescriptors() {
  for (auto& [number, entry] : entries_) entry->descriptor.release();
}

void ForeignDescriptors::want(int descriptor, bool read, bool write) {
  const auto found = entries_.find(descriptor);
  if (!read && !write) {
    if (found == entries_.end()) return;
    found->second->descriptor.release();
    entries_.erase(found);
    return;
  }
  EntryPointer entry = found == entries_.end() ? std::make_shared<Entry>(context_, descriptor) : found->second;
  entries_[descriptor] = entry;
  entry->wantsRead = read;
  entry->wantsWrite = write;
  await(entry, descriptor);
}

void ForeignDescriptors::await(const EntryPointer& entry, int number) {
  const std::weak_ptr<Entry> weak = entry;
  if (entry->wantsRead && !std::exchange(entry->awaitsRead, true))
    entry->descriptor.async_wait(AsioDescriptor::wait_read,
                                 [this, weak, number](const auto& error) { arrived(weak, number, false, error); });
  if (entry->wantsWrite && !std::exchange(entry->awaitsWrite, true))
    entry->descriptor.async_wait(AsioDescriptor::wait_write,
                                 [this, weak, number](const auto& error) { arrived(weak, number, true, error); });
}

// A handler may run after its entry was forgotten, even after this object is gone: then the entry is gone too.
void ForeignDescriptors::arrived(const std::weak_ptr<Entry>& weak, int number, bool write,
                                 const boost::system::error_code& error) {
  const EntryPointer entry = weak.lock();
  if (!entry || error) return;
  (write ? entry->awaitsWrite : entry->awaitsRead) = false;
  if (write ? entry->wantsWrite : entry->wantsRead) ready_(number, !write, write);
  const auto found = entries_.find(number);
  if (found != entries_.end() && found->second == entry) await(entry, number);
}

}  // namespace proxycommon
