package bench

import (
	"cmp"
	"slices"
	"sort"

	"cordon/internal/cloud"
)

// Chain is the longest row of calls of which each began when the one before had ended, or later: what has to be waited for however much
// runs side by side. Between calls that take no time it says nothing.
func Chain(calls []cloud.Call) []cloud.Call {
	return chainTo(calls, nil)
}

// ChainTo is the longest such row that ends with the last call, by its end, that last holds for; nil where there is none.
func ChainTo(calls []cloud.Call, last func(cloud.Call) bool) []cloud.Call {
	return chainTo(calls, last)
}

func chainTo(calls []cloud.Call, last func(cloud.Call) bool) []cloud.Call {
	calls = slices.Clone(calls)
	slices.SortStableFunc(calls, func(a, b cloud.Call) int {
		return cmp.Or(a.Ended.Compare(b.Ended), a.Started.Compare(b.Started))
	})
	length := make([]int, len(calls)) // of the longest row that ends with the call
	before := make([]int, len(calls)) // the call before it in that row, -1 for none
	best := make([]int, len(calls))   // the call with the longest row among those up to this one
	end := -1
	for i, c := range calls {
		n := min(i, sort.Search(len(calls), func(j int) bool { return calls[j].Ended.After(c.Started) })) // those that had ended
		length[i], before[i], best[i] = 1, -1, i
		if n > 0 {
			before[i] = best[n-1]
			length[i] = length[before[i]] + 1
		}
		if i > 0 && length[best[i-1]] >= length[i] {
			best[i] = best[i-1]
		}
		if last == nil && (end < 0 || length[i] > length[end]) || last != nil && last(c) {
			end = i
		}
	}
	var row []cloud.Call
	for ; end >= 0; end = before[end] {
		row = append(row, calls[end])
	}
	slices.Reverse(row)
	return row
}

func operations(calls []cloud.Call) (names []string) {
	for _, c := range calls {
		names = append(names, c.Operation)
	}
	return names
}
