// See client.h.
#include "tests/integration/support/client.h"

#include <curl/curl.h>

#include <array>
#include <cstring>
#include <stdexcept>

namespace proxytest {
namespace {

constexpr std::chrono::milliseconds kTransferLimit{60'000};
// libcurl's default of 16 kB would make the client the slowest part of the large transfers.
constexpr long kBufferSize = 256 * 1024;

class CurlList {
 public:
  ~CurlList() { curl_slist_free_all(list_); }
  CurlList() = default;
  CurlList(const CurlList&) = delete;
  CurlList& operator=(const CurlList&) = delete;
  void add(const std::string& line) { list_ = curl_slist_append(list_, line.c_str()); }
  curl_slist* get() const { return list_; }

 private:
  curl_slist* list_ = nullptr;
};

struct Transfer {
  const Request& request;
  Response response;
  std::size_t uploaded = 0;
};

std::size_t onHeader(char* data, std::size_t, std::size_t size, void* context) {
  HeaderList& headers = static_cast<Transfer*>(context)->response.headers;
  const std::string_view line(data, size);
  // An interim response and the answer to a CONNECT come first; only the last head counts.
  if (line.starts_with("HTTP/")) headers.clear();
  for (auto& header : parseHeaders("\n" + std::string(line))) headers.push_back(std::move(header));
  return size;
}

std::size_t onBody(char* data, std::size_t, std::size_t size, void* context) {
  auto& transfer = *static_cast<Transfer*>(context);
  transfer.response.bodySize += size;
  if (transfer.request.received) {
    transfer.request.received({data, size});
  } else {
    transfer.response.body.append(data, size);
  }
  return size;
}

std::size_t onUpload(char* buffer, std::size_t, std::size_t capacity, void* context) {
  auto& transfer = *static_cast<Transfer*>(context);
  if (transfer.request.upload) return transfer.request.upload(buffer, capacity);
  const std::string_view rest = std::string_view(transfer.request.body).substr(transfer.uploaded);
  const std::size_t count = std::min(capacity, rest.size());
  std::memcpy(buffer, rest.data(), count);
  transfer.uploaded += count;
  return count;
}

// Lets libcurl repeat a request on a new connection when the kept one turns out to be closed, as every user agent does.
int onSeek(void* context, curl_off_t offset, int) {
  auto& transfer = *static_cast<Transfer*>(context);
  if (transfer.request.upload) return CURL_SEEKFUNC_CANTSEEK;
  transfer.uploaded = static_cast<std::size_t>(offset);
  return CURL_SEEKFUNC_OK;
}

}  // namespace

class Client::Implementation {
 public:
  Implementation() : curl_(curl_easy_init(), &curl_easy_cleanup) {
    if (!curl_) throw std::runtime_error("no curl handle");
  }

  std::string proxy;
  std::string caFile;
  bool tunnel = false;
  bool http2 = false;
  std::chrono::milliseconds limit = kTransferLimit;

  Response perform(const Request& request) {
    Transfer transfer{request, {}, 0};
    CurlList headers;
    std::array<char, CURL_ERROR_SIZE> problem{};
    curl_easy_reset(curl_.get());  // keeps the connections
    setConnectionOptions();
    setCallbacks(transfer);
    set(CURLOPT_ERRORBUFFER, problem.data());
    setRequest(request, headers);
    Response& response = transfer.response;
    response.curlCode = curl_easy_perform(curl_.get());
    response.problem = problem.data();
    curl_easy_getinfo(curl_.get(), CURLINFO_RESPONSE_CODE, &response.status);
    curl_easy_getinfo(curl_.get(), CURLINFO_HTTP_VERSION, &response.httpVersion);
    curl_easy_getinfo(curl_.get(), CURLINFO_HTTP_CONNECTCODE, &response.connectStatus);
    curl_easy_getinfo(curl_.get(), CURLINFO_NUM_CONNECTS, &response.newConnections);
    return std::move(response);
  }

 private:
  template <typename Value>
  void set(CURLoption option, Value value) {
    const CURLcode code = curl_easy_setopt(curl_.get(), option, value);
    if (code != CURLE_OK) throw std::runtime_error(curl_easy_strerror(code));
  }

  void setConnectionOptions() {
    set(CURLOPT_NOSIGNAL, 1L);
    set(CURLOPT_PROXY, proxy.c_str());
    set(CURLOPT_NOPROXY, "");  // else the environment decides
    set(CURLOPT_HTTPPROXYTUNNEL, tunnel ? 1L : 0L);
    set(CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
    set(CURLOPT_HTTP_VERSION, http2 ? long{CURL_HTTP_VERSION_2TLS} : long{CURL_HTTP_VERSION_1_1});
    set(CURLOPT_PROXY_SSL_VERIFYPEER, 0L);
    set(CURLOPT_PROXY_SSL_VERIFYHOST, 0L);
    set(CURLOPT_SSL_VERIFYPEER, caFile.empty() ? 0L : 1L);
    set(CURLOPT_SSL_VERIFYHOST, caFile.empty() ? 0L : 2L);
    if (!caFile.empty()) set(CURLOPT_CAINFO, caFile.c_str());
    set(CURLOPT_TIMEOUT_MS, static_cast<long>(limit.count()));
    set(CURLOPT_BUFFERSIZE, kBufferSize);
    set(CURLOPT_UPLOAD_BUFFERSIZE, kBufferSize);
    set(CURLOPT_PATH_AS_IS, 1L);
  }

  void setCallbacks(Transfer& transfer) {
    set(CURLOPT_HEADERFUNCTION, &onHeader);
    set(CURLOPT_HEADERDATA, &transfer);
    set(CURLOPT_WRITEFUNCTION, &onBody);
    set(CURLOPT_WRITEDATA, &transfer);
    set(CURLOPT_READFUNCTION, &onUpload);
    set(CURLOPT_READDATA, &transfer);
    set(CURLOPT_SEEKFUNCTION, &onSeek);
    set(CURLOPT_SEEKDATA, &transfer);
  }

  void setRequest(const Request& request, CurlList& headers) {
    set(CURLOPT_URL, request.url.c_str());
    if (request.method == "HEAD") set(CURLOPT_NOBODY, 1L);
    const bool hasBody = request.upload || !request.body.empty() || request.method == "POST";
    if (hasBody) {
      set(CURLOPT_UPLOAD, 1L);
      const bool sized = !request.upload || request.uploadSize;
      const std::uint64_t size = request.upload ? request.uploadSize.value_or(0) : request.body.size();
      set(CURLOPT_INFILESIZE_LARGE, sized ? static_cast<curl_off_t>(size) : curl_off_t{-1});
    }
    set(CURLOPT_CUSTOMREQUEST, request.method.c_str());
    // Not of libcurl's own accord: it would wait for a 100 that few tests are about.
    headers.add("Expect:");
    for (const std::string& line : request.headers) headers.add(line);
    set(CURLOPT_HTTPHEADER, headers.get());
  }

  std::unique_ptr<CURL, decltype(&curl_easy_cleanup)> curl_;
};

Client::Client() : implementation_(std::make_unique<Implementation>()) {}
Client::~Client() = default;

void Client::useProxy(const std::string& url) {
  implementation_->proxy = url;
}
void Client::useHttp2() {
  implementation_->http2 = true;
}
void Client::tunnelAlways() {
  implementation_->tunnel = true;
}
void Client::trust(const std::string& caFile) {
  implementation_->caFile = caFile;
}
void Client::setTimeout(std::chrono::milliseconds limit) {
  implementation_->limit = limit;
}

Response Client::get(const std::string& url, std::vector<std::string> headers) {
  return perform({.url = url, .headers = std::move(headers)});
}

Response Client::post(const std::string& url, std::string body, std::vector<std::string> headers) {
  return perform({.url = url, .method = "POST", .headers = std::move(headers), .body = std::move(body)});
}

Response Client::perform(const Request& request) {
  return implementation_->perform(request);
}

}  // namespace proxytest
