//go:build linux

package cli_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"cordon/internal/awssim"
)

// smallDisk mounts a disk of so many KB; only root may.
func smallDisk(t *testing.T, options string) (dir string, remount func(options string)) {
	t.Helper()
	dir = t.TempDir()
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, options); err != nil {
		t.Skipf("mount a small disk: %v (needs root)", err)
	}
	t.Cleanup(func() { _ = syscall.Unmount(dir, syscall.MNT_DETACH) })
	return dir, func(options string) {
		t.Helper()
		flags := uintptr(syscall.MS_REMOUNT)
		if options == "ro" {
			flags, options = flags|syscall.MS_RDONLY, ""
		}
		if err := syscall.Mount("tmpfs", dir, "tmpfs", flags, options); err != nil {
			t.Fatal(err)
		}
	}
}

// onDisk is a sandbox whose store is on another disk.
func onDisk(t *testing.T, disk string) answered {
	t.Helper()
	a := answered{dir: t.TempDir()}
	conf := filepath.Join(a.dir, "cordon.yaml")
	write(t, conf, "store: sqlite://"+disk+"/cordon.db\nvault: file://"+a.dir+"/evidence\n")
	t.Setenv("CORDON_CONFIG", conf)
	return a
}

// TestFullDisk: the disk fills up at another moment of the response each time. What Cordon could not store it has not
// changed; with room, the next run goes on, and a release restores the account exactly.
func TestFullDisk(t *testing.T) {
	codes := map[int]int{}
	for _, size := range []int{100, 200, 400} {
		t.Run(strconv.Itoa(size)+"k", func(t *testing.T) {
			disk, remount := smallDisk(t, "size="+strconv.Itoa(size)+"k")
			a := onDisk(t, disk)
			if code, _, errs := a.run(t, "plan", c2Finding); code != 0 && !strings.Contains(errs, "disk is full") {
				t.Fatalf("plan: exit code %d\n%s", code, errs)
			}
			account, _, err := awssim.Open(a.dir, awssim.Options{})
			if err != nil {
				t.Fatal(err)
			}
			before := account.Dump(awssim.DumpOptions{})
			code, _, errs := a.run(t, "respond", c2Finding)
			codes[code]++
			switch changed := awssim.Diff(before, account.Dump(awssim.DumpOptions{})); {
			case code == 2 && len(changed) > 0:
				t.Errorf("it says that nothing was changed: %v", changed)
			case code != 0 && code != 2 && code != 4, code != 0 && (!strings.Contains(errs, "disk is full") || !strings.Contains(errs, disk)):
				t.Errorf("exit code %d\n%s", code, errs)
			}
			remount("size=20m")
			code, out, errs := a.run(t, "respond", c2Finding, "-o", "json")
			var got struct {
				Cases []struct{ ID, Status string }
			}
			if err := json.Unmarshal([]byte(out), &got); err != nil || code != 0 || len(got.Cases) != 1 || got.Cases[0].Status != "contained" {
				t.Fatalf("with room: exit code %d, %s\n%s", code, out, errs)
			}
			if code, _, errs := a.run(t, "release", got.Cases[0].ID); code != 0 {
				t.Errorf("release: exit code %d\n%s", code, errs)
			}
			if left := awssim.Diff(before, account.Dump(awssim.DumpOptions{})); len(left) > 0 {
				t.Errorf("after the release: %v", left)
			}
		})
	}
	t.Logf("exit codes: %v", codes)
}

// TestReadOnlyDisk: every verb says that the file cannot be written, and changes nothing.
func TestReadOnlyDisk(t *testing.T) {
	disk, remount := smallDisk(t, "size=20m")
	a := onDisk(t, disk)
	_, out, _ := a.run(t, "respond", c2Finding, "-o", "json")
	_, rest, _ := strings.Cut(out, `"id": "`)
	id, _, _ := strings.Cut(rest, `"`)
	before := a.account(t)
	remount("ro")
	for _, verb := range [][]string{{"cases"}, {"show", id}, {"respond", c2Finding}, {"release", id}, {"pause"}, {"cases", "export"}} {
		code, _, errs := a.run(t, verb...)
		if code != 2 || !strings.Contains(errs, disk+"/cordon.db") || !strings.Contains(errs, "let this user write the file and its directory") {
			t.Errorf("%v: exit code %d\n%s", verb, code, errs)
		}
	}
	if a.account(t) != before {
		t.Error("the account was changed")
	}
	if err := os.Remove(filepath.Join(disk, "x")); err == nil {
		t.Error("the disk can be written")
	}
}
