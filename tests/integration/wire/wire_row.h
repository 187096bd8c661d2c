// A row of the golden bytes: a request as a client sends it, and what must go out to the origin for it, whole. Each
// "\n" of the texts is CR LF on the wire, unless the row says `exact`. In braces stand what differs from run to run:
// {origin} and {origin6} are the origins' host:port, {proxy} is the port that the client came to, {software} is what
// httpd calls itself.
#pragma once

#include <string>
#include <vector>

namespace proxytest {

struct WireRow {
  enum class To {
    kServer,      // reverse; mappings as in wire_bytes_test.cpp
    kSlashes,     // the same, with MergeSlashes Off
    kServer6,     // the same as kServer, from and to ::1
    kForward,     // forward, FwdProxyVia Off
    kForwardVia,  // forward, as by default
  };

  std::string name;
  std::string sent;
  std::string golden;  // empty: nothing reaches the origin
  int status = 200;
  To to = To::kServer;
  bool exact = false;
};

std::vector<WireRow> methodRows();
std::vector<WireRow> bodyRows();
std::vector<WireRow> pathRows();
std::vector<WireRow> sentFieldRows();
std::vector<WireRow> forwardedFieldRows();
std::vector<WireRow> refusedRequestRows();
std::vector<WireRow> forwardRows();
std::vector<WireRow> refusedForwardRows();

}  // namespace proxytest
