// A part of a representation on its way into a store that may have others of it (RFC 9111 3.3, 3.4).
#pragma once

#include <cstdint>

#include "common/base/export.h"
#include "common/base/result.h"
#include "common/cache/digest.h"
#include "common/cache/incoming_body.h"
#include "common/cache/store.h"

namespace proxycommon {

struct PartTerms {
  // Where the two would have more bytes together, for they have to be copied, the larger one of them is kept.
  std::uint64_t mostCopied = 0;
  // Its fields are all that a 200 would have; else, answering an If-Range (RFC 9110 15.3.7), it only adds to what has
  // them.
  bool hasAllFields = true;
  std::string site = {};  // that tags are bound to: tagsOfSite()
};

// Store::put() of a 206, whose record is entry.record: put together with what is stored under the key where both have
// the same strong validator and touch, as a 200 once it is all there, else in its place. A stored whole with that
// validator stays. False: it is not stored. Any thread; where the store may block, this does too.
PROXYCOMMON_API Result<bool> putPart(Store& store, const Digest& key, const NewEntry& entry, IncomingBody& body,
                                     const PartTerms& terms);

}  // namespace proxycommon
