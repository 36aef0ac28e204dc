package action

import (
	"cmp"
	"encoding/json"
	"maps"
	"slices"
	"strings"

	"cordon/internal/cloud"
)

// Writes are the Permissions with which Do may change something: by AWS's naming, less those that are for release only.
func (a Action) Writes() []string {
	out := []string{}
	for _, p := range a.Permissions {
		if _, op, _ := strings.Cut(p, ":"); !cloud.Reads(op) && !slices.Contains(a.ForRelease, p) {
			out = append(out, p)
		}
	}
	return out
}

func sortedKeys[K cmp.Ordered, V any](m map[K]V) []K { return slices.Sorted(maps.Keys(m)) }

// nothingToChange says why a state is as it is to be: an action that changes nothing, and has nothing to compare, only reads.
func (a Action) nothingToChange(state json.RawMessage) string {
	if parts, err := a.impl.parts(state); err == nil && len(parts) == 0 && len(a.Writes()) == 0 {
		return "reads, and changes nothing"
	}
	return "as wanted already"
}
