package awssim

import (
	"slices"
	"strings"
)

// pageAfter cuts the page after the key token (the last key of the page before) out of sorted keys; next is the
// token of the following page, "" at the end. Keys, not offsets: a page stays right while others come and go.
func pageAfter(keys []string, token string, size int) (page []string, next string) {
	token = strings.TrimPrefix(token, pageMark)
	i, found := slices.BinarySearch(keys, token)
	if found && token != "" {
		i++
	}
	page = keys[i:]
	if len(page) > size {
		page = page[:size]
		next = pageMark + page[size-1]
	}
	return page, next
}

// pageMark begins every token, so that a made-up token can be told from ours.
const pageMark = "after:"

// badToken says whether the account cannot have given this token.
func badToken(token string) bool { return token != "" && !strings.HasPrefix(token, pageMark) }

// pageSize is the size to use for an optional number asked for, within 1..limit.
func pageSize(asked *int32, def, limit int) int {
	if asked == nil || *asked < 1 {
		return def
	}
	return min(int(*asked), limit)
}
