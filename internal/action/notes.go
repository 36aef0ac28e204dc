package action

import (
	"slices"
	"strings"
	"sync"
)

// notebook collects an action's remarks, each once.
type notebook struct {
	mu    sync.Mutex
	lines []string
}

func (n *notebook) add(line string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if !slices.Contains(n.lines, line) {
		n.lines = append(n.lines, line)
	}
}

// Disown says that Do found a part, which it was to make, made by somebody else, though it looks just as ours would. For the
// rest of this Run Disowned answers true for it, so that Observe leaves it out; what Extend then stores holds beyond it. It
// is safe for concurrent use.
func (e *Env) Disown(part string) {
	if e.disowned != nil {
		e.disowned.add(part)
	}
}

// Disowned says whether Do has disowned a part in this Run.
func (e *Env) Disowned(part string) bool {
	return e.disowned != nil && slices.Contains(e.disowned.all(), part)
}

// all is the remarks so far, nil for none.
func (n *notebook) all() []string {
	n.mu.Lock()
	defer n.mu.Unlock()
	return slices.Clone(n.lines)
}

// text is all remarks as one line.
func (n *notebook) text() string {
	n.mu.Lock()
	defer n.mu.Unlock()
	return strings.Join(n.lines, "; ")
}
