// See dns_server.h. Messages are those of RFC 1035 4: a head of 12 bytes, the question, the answers.
#include "tests/support/dns_server.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <stdexcept>

namespace proxytest {
namespace {

constexpr std::size_t kHeadSize = 12;
constexpr unsigned kTypeA = 1;
constexpr unsigned kTypeAlias = 5;
constexpr unsigned kTypeAaaa = 28;
constexpr unsigned kTypeService = 33;

std::string number16(unsigned value) {
  return {static_cast<char>(value >> 8), static_cast<char>(value & 0xff)};
}

struct Question {
  std::string name;
  unsigned type = 0;
  std::size_t end = 0;  // where it ends in the message
};

Question questionOf(std::string_view message) {
  Question question;
  std::size_t at = kHeadSize;
  while (at < message.size() && message[at] != 0) {
    const auto length = static_cast<std::size_t>(message[at]);
    question.name.append(question.name.empty() ? "" : ".").append(message.substr(at + 1, length));
    at += 1 + length;
  }
  if (at + 5 > message.size()) throw std::runtime_error("a question that is cut short");
  for (char& letter : question.name) letter = static_cast<char>(std::tolower(static_cast<unsigned char>(letter)));
  question.type = static_cast<unsigned char>(message[at + 1]) * 256u + static_cast<unsigned char>(message[at + 2]);
  question.end = at + 5;
  return question;
}

std::string encoded(std::string_view name) {
  std::string result;
  while (!name.empty()) {
    const auto label = name.substr(0, name.find('.'));
    result.append(1, static_cast<char>(label.size())).append(label);
    name.remove_prefix(std::min(label.size() + 1, name.size()));
  }
  return result + '\0';
}

std::string record(const std::string& owner, unsigned type, unsigned timeToLive, std::string_view data) {
  return encoded(owner) + number16(type) + number16(1) + number16(timeToLive >> 16) + number16(timeToLive) +
         number16(static_cast<unsigned>(data.size())) + std::string{data};
}

// The bytes of an address of the type asked for; else nothing.
std::string addressBytes(const std::string& address, unsigned type) {
  std::array<char, 16> bytes{};
  const bool v6 = address.find(':') != std::string::npos;
  if (type != (v6 ? kTypeAaaa : kTypeA)) return {};
  ::inet_pton(v6 ? AF_INET6 : AF_INET, address.c_str(), bytes.data());
  return {bytes.data(), v6 ? 16u : 4u};
}

std::string serviceBytes(const DnsServer::Service& service) {
  return number16(service.priority) + number16(service.weight) + number16(service.port) + encoded(service.target);
}

}  // namespace

std::string DnsServer::answerTo(std::string_view message) {
  const Question question = questionOf(message);
  const std::lock_guard lock(mutex_);
  std::string records;
  unsigned count = 0;
  std::string name = question.name;
  if (const auto alias = aliases_.find(name); alias != aliases_.end()) {
    records = record(name, kTypeAlias, alias->second.timeToLive, encoded(alias->second.target)), ++count;
    name = alias->second.target;
  }
  const auto found = zone_.find(name);
  if (found != zone_.end())
    for (const std::string& address : found->second)
      if (const std::string bytes = addressBytes(address, question.type); !bytes.empty())
        records += record(name, question.type, timeToLive_, bytes), ++count;
  const auto services = services_.find(name);
  if (services != services_.end() && question.type == kTypeService)
    for (const Service& service : services->second)
      records += record(name, kTypeService, timeToLive_, serviceBytes(service)), ++count;
  const bool isKnown = found != zone_.end() || services != services_.end();
  constexpr unsigned kAnswer = 0x8180;
  constexpr unsigned kServerFailure = 2;
  constexpr unsigned kNoSuchName = 3;
  const bool fails = manner_ == Manner::kFails;
  if (fails) records.clear(), count = 0;
  std::string answer{message.substr(0, 2)};
  answer += number16(kAnswer | (fails ? kServerFailure : !isKnown ? kNoSuchName : 0));
  answer += number16(1) + number16(count) + number16(0) + number16(0);
  answer.append(message.substr(kHeadSize, question.end - kHeadSize));
  return answer + records;
}

DnsServer::DnsServer(Zone zone, Manner manner)
    : zone_(std::move(zone)), manner_(manner), socket_(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0)) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  if (::bind(socket_.get(), reinterpret_cast<sockaddr*>(&address), size) != 0 ||
      ::getsockname(socket_.get(), reinterpret_cast<sockaddr*>(&address), &size) != 0)
    throw std::runtime_error("no port for a name server");
  port_ = ntohs(address.sin_port);
  thread_ = std::jthread([this] { serve(); });
}

void DnsServer::tell(const std::string& name, std::vector<std::string> addresses) {
  const std::lock_guard lock(mutex_);
  zone_[name] = std::move(addresses);
}

void DnsServer::tellAlias(const std::string& name, const std::string& target, unsigned timeToLive) {
  const std::lock_guard lock(mutex_);
  aliases_[name] = {target, timeToLive};
}

void DnsServer::tellServices(const std::string& name, std::vector<Service> services) {
  const std::lock_guard lock(mutex_);
  services_[name] = std::move(services);
}

DnsServer::~DnsServer() {
  end_.signal();
}

void DnsServer::serve() {
  std::array<char, 2048> buffer;
  while (true) {
    std::array<pollfd, 2> wanted{pollfd{socket_.get(), POLLIN, 0}, pollfd{end_.descriptor(), POLLIN, 0}};
    if (::poll(wanted.data(), wanted.size(), -1) < 0) continue;
    if (wanted[1].revents != 0) return;
    sockaddr_in asker{};
    socklen_t size = sizeof asker;
    const ssize_t count =
        ::recvfrom(socket_.get(), buffer.data(), buffer.size(), 0, reinterpret_cast<sockaddr*>(&asker), &size);
    if (count < static_cast<ssize_t>(kHeadSize)) continue;
    ++questions_;
    if (manner_ == Manner::kSilent) continue;
    const std::string answer = answerTo({buffer.data(), static_cast<std::size_t>(count)});
    ::sendto(socket_.get(), answer.data(), answer.size(), 0, reinterpret_cast<const sockaddr*>(&asker), size);
  }
}

}  // namespace proxytest
