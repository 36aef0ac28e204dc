package config

import (
	"errors"
	"fmt"
	"regexp"

	"cordon/internal/strict"
)

// Memory is how the memory of an isolated host is captured, over the channel of live response. A platform without a tool is not.
type Memory struct {
	Linux      MemoryTool `yaml:"linux"`
	LinuxArm64 MemoryTool `yaml:"linux_arm64"`
	Windows    MemoryTool `yaml:"windows"`
	Seconds    int        `yaml:"seconds"` // how long sending the image may take; 60 to 21600, default 1800
	MaxGiB     int        `yaml:"max_gib"` // instances with more memory are left out; 1 to 1024, default 256
}

// MemoryTool is a program in a bucket, run on the host as: TOOL ARGUMENTS… PIPE.
type MemoryTool struct {
	Tool      string   `yaml:"tool"`      // s3://BUCKET/KEY
	SHA256    string   `yaml:"sha256"`    // of the program, in lower-case hex
	Arguments []string `yaml:"arguments"` // words that come before the pipe
}

// Patterns of what a MemoryTool holds: nothing that a shell takes for anything else than a word.
const (
	MemoryToolURI      = `^s3://[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]/[A-Za-z0-9!_.*'()/=+@-]+$`
	MemoryToolSHA256   = `^[0-9a-f]{64}$`
	MemoryToolArgument = `^[A-Za-z0-9._=/:,+-]+$`
)

var (
	memoryToolURI      = regexp.MustCompile(MemoryToolURI)
	memoryToolSHA256   = regexp.MustCompile(MemoryToolSHA256)
	memoryToolArgument = regexp.MustCompile(MemoryToolArgument)
)

// Tools are the tools that are configured, by the name of their platform.
func (m Memory) Tools() map[string]MemoryTool {
	tools := map[string]MemoryTool{}
	for name, t := range map[string]MemoryTool{"linux": m.Linux, "linux_arm64": m.LinuxArm64, "windows": m.Windows} {
		if t.Tool != "" {
			tools[name] = t
		}
	}
	return tools
}

// toolless is the error of a section that names no tool.
func (m Memory) toolless() error {
	if len(m.Tools()) > 0 {
		return nil
	}
	return strict.In(errors.New("no tool is named, so nothing would be captured; add linux, linux_arm64 or windows with tool and sha256, or leave memory out"), "ec2", "memory")
}

func (m Memory) check(channel string) error {
	for _, t := range []struct {
		name string
		tool MemoryTool
	}{{"linux", m.Linux}, {"linux_arm64", m.LinuxArm64}, {"windows", m.Windows}} {
		if err := strict.In(t.tool.check(), "ec2", "memory", t.name); err != nil {
			return err
		}
	}
	switch {
	case m.Seconds < 60 || m.Seconds > 21600:
		return strict.In(fmt.Errorf("%d is not between 60 and 21600", m.Seconds), "ec2", "memory", "seconds")
	case m.MaxGiB < 1 || m.MaxGiB > 1024:
		return strict.In(fmt.Errorf("%d is not between 1 and 1024", m.MaxGiB), "ec2", "memory", "max_gib")
	case channel == "" && len(m.Tools()) > 0:
		return strict.In(fmt.Errorf("the image goes over the channel of live response; add ec2.live_response.channel: %s", ChannelHTTPS), "ec2", "memory")
	}
	return nil
}

func (t MemoryTool) check() error {
	switch {
	case t.Tool == "" && t.SHA256 == "" && len(t.Arguments) == 0:
		return nil
	case !memoryToolURI.MatchString(t.Tool):
		return strict.In(fmt.Errorf("%.80q is not of the form s3://BUCKET/KEY (a bucket's name has 3 to 63 small letters, digits, dots and hyphens)", t.Tool), "tool")
	case t.SHA256 == "":
		return strict.In(errors.New("the tool's hash is missing; write what sha256sum says of it"), "sha256")
	case !memoryToolSHA256.MatchString(t.SHA256):
		return strict.In(fmt.Errorf("%.80q is no SHA-256: 64 digits and letters from a to f", t.SHA256), "sha256")
	}
	for i, a := range t.Arguments {
		if !memoryToolArgument.MatchString(a) {
			return strict.In(fmt.Errorf("%.80q has characters that are not taken: letters, digits and ._=/:,+- are", a), "arguments", i)
		}
	}
	return nil
}
