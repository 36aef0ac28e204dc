package finding

import (
	"strconv"
	"strings"
	"unicode/utf8"
)

const (
	lower    = "abcdefghijklmnopqrstuvwxyz"
	digits   = "0123456789"
	alphanum = lower + "ABCDEFGHIJKLMNOPQRSTUVWXYZ" + digits
)

// made reports whether s has between least and most characters, all of them from set.
func made(s, set string, least, most int) bool {
	if len(s) < least || len(s) > most {
		return false
	}
	for i := range len(s) {
		if strings.IndexByte(set, s[i]) < 0 {
			return false
		}
	}
	return true
}

func isAccount(s string) bool { return made(s, digits, 12, 12) }

// isRegion accepts what may be a Region's name, and so part of a host's.
func isRegion(s string) bool {
	return made(s, lower+digits+"-", 4, 32) && strings.Contains(s, "-") &&
		strings.IndexByte(lower, s[0]) >= 0 && strings.IndexByte(digits, s[len(s)-1]) >= 0
}

// isFindingID accepts what is safe to name a thing after; GuardDuty's own are 32 hex digits.
func isFindingID(s string) bool {
	return made(s, alphanum+"-_.:", 1, 300) && strings.Trim(s, ".") != ""
}

// isResourceID accepts "i-" and the like followed by 8 or 17 hex digits.
func isResourceID(s, prefix string) bool {
	hex, ok := strings.CutPrefix(s, prefix)
	return ok && (len(hex) == 8 || len(hex) == 17) && made(hex, digits+"abcdef", 8, 17)
}

// validID reports whether id has the form that AWS gives ids of the kind.
func validID(kind Kind, id string) bool {
	switch kind {
	case KindInstance:
		return isResourceID(id, "i-")
	case KindSnapshot:
		return isResourceID(id, "snap-")
	case KindImage:
		return isResourceID(id, "ami-")
	case KindUser, KindRole:
		return made(id, alphanum+"+=,.@_-", 1, 128)
	case KindRoot:
		return id == "root"
	case KindFederatedUser, KindIdentityCenterUser, KindPrincipal:
		return len(id) > 0 && len(id) <= 256 && visible(id)
	case KindBucket:
		return isBucket(id)
	case KindObject:
		bucket, key, _ := strings.Cut(id, "/")
		return isBucket(bucket) && key != "" && len(key) <= 1024 && utf8.ValidString(key)
	case KindEKSCluster, KindECSCluster, KindFunction, KindDBInstance, KindLimitlessDB:
		return made(id, alphanum+"-_", 1, 255)
	case KindContainer:
		return made(id, alphanum+"-_.:/", 1, 255)
	case KindRecoveryPoint:
		return strings.HasPrefix(id, "arn:") && len(id) <= 1024 && visible(id)
	case KindAttackSequence, KindNone:
		return false
	}
	return false
}

func isBucket(s string) bool {
	return made(s, alphanum+".-_", 3, 255) && strings.Trim(s, ".") != ""
}

// visible reports whether s is ASCII that shows, without spaces.
func visible(s string) bool {
	return !strings.ContainsFunc(s, func(r rune) bool { return r <= ' ' || r > '~' })
}

// clipped quotes text of a finding for a message, cut to a length fit to read.
func clipped(s string) string {
	const most = 80
	if len(s) <= most {
		return strconv.Quote(s)
	}
	return strconv.Quote(strings.ToValidUTF8(s[:most], "")) + "…"
}
