package engine

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// On one machine a lease names the process that has it, so that nobody waits for the end of a dead one's lease:
//
//	host/pid/RANDOM@place.pid
//
// The place is a hash of the host's name, the boot and the PID namespace. In one place a process that lives is found by its id.
// So one that is not found there is dead; of one of another place nothing is known. An id that another process has by now is
// taken for alive, and waited for.

// afterDeath is how long a dead process's lease is left alone: what it had sent may still be on its way.
const afterDeath = time.Second

// thisProcess is what the lease's owner ends with; "" where the system does not say which place this is.
func thisProcess() string {
	boot, err := os.ReadFile("/proc/sys/kernel/random/boot_id")
	if err != nil || len(boot) == 0 {
		return ""
	}
	namespace, err := os.Readlink("/proc/self/ns/pid")
	if err != nil {
		return ""
	}
	host, err := os.Hostname()
	if err != nil {
		return ""
	}
	place := sha256.Sum256(fmt.Appendf(nil, "%q %q %q", host, boot, namespace))
	return fmt.Sprintf("@%x.%d", place[:8], os.Getpid())
}

// dead says whether the owner of a lease is a process of this place that is not there any more.
func (e *Engine) dead(owner string) bool {
	here, _, ok := cutLast(e.process, ".")
	if !ok {
		return false
	}
	_, process, _ := cutLast(owner, "@")
	place, id, _ := cutLast("@"+process, ".")
	pid, err := strconv.Atoi(id)
	return place == here && err == nil && pid > 0 && errors.Is(syscall.Kill(pid, 0), syscall.ESRCH)
}

// ownerName is a lease's owner for people.
func ownerName(owner string) string {
	name, _, ok := cutLast(owner, "@")
	if !ok {
		return owner
	}
	return name
}

func cutLast(s, sep string) (before, after string, ok bool) {
	i := strings.LastIndex(s, sep)
	if i < 0 {
		return s, "", false
	}
	return s[:i], s[i+len(sep):], true
}

// grave remembers since when the owner of a lease is known to be dead.
type grave struct {
	owner string
	since time.Time
}

// rests says whether the owner has been dead for afterDeath.
func (g *grave) rests(dead bool, owner string, now time.Time) bool {
	if !dead {
		*g = grave{}
		return false
	}
	if g.owner != owner {
		*g = grave{owner, now}
	}
	return now.Sub(g.since) >= afterDeath
}
