package actions

import (
	"strings"
	"testing"

	"cordon/internal/action"
)

func TestCatalogIsComplete(t *testing.T) {
	for _, a := range Catalog() {
		service, _, ok := strings.Cut(a.ID, ".")
		if !ok || service == "" || !strings.HasSuffix(a.Summary, ".") || a.Details == "" {
			t.Errorf("%q: summary %q, details %q", a.ID, a.Summary, a.Details)
		}
		for _, p := range a.Permissions {
			if prefix, op, ok := strings.Cut(p, ":"); !ok || prefix == "" || op == "" || strings.Contains(op, "*") {
				t.Errorf("%s: permission %q", a.ID, p)
			}
		}
	}
}

func TestTwoActionsOfOneNamePanic(t *testing.T) {
	defer func() {
		if recover() == nil {
			t.Error("a duplicate was taken")
		}
	}()
	distinct([]action.Action{screenshot(), screenshot()})
}
