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
