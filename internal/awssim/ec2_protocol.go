package awssim

import "strconv"

// protocolName is a protocol as security group rules show it: tcp, udp, icmp, icmpv6, a number, or -1 for all.
func protocolName(p string) (string, bool) {
	switch p {
	case "tcp", "udp", "icmp", "icmpv6", "-1":
		return p, true
	case "all":
		return "-1", true
	case "6":
		return "tcp", true
	case "17":
		return "udp", true
	case "1":
		return "icmp", true
	case "58":
		return "icmpv6", true
	}
	n, err := strconv.Atoi(p)
	return strconv.Itoa(n), err == nil && n >= 0 && n <= 255
}

// protocolNumber is a protocol as network ACL entries show it.
func protocolNumber(p string) (string, bool) {
	name, ok := protocolName(p)
	switch name {
	case "tcp":
		return "6", true
	case "udp":
		return "17", true
	case "icmp":
		return "1", true
	case "icmpv6":
		return "58", true
	}
	return name, ok
}
