// Package config reads cordon.yaml: where cases and evidence live, and how each kind of target is answered.
package config

import (
	"errors"
	"fmt"
	"net/netip"
	"net/url"
	"os"
	"path/filepath"
	"regexp"

	"cordon/internal/notify"
	"cordon/internal/strict"
)

// Config is cordon.yaml, with every default filled in. It holds no secret.
type Config struct {
	Store string `yaml:"store"` // sqlite:///PATH or dynamodb://TABLE
	Vault string `yaml:"vault"` // file:///DIR or s3://BUCKET/PREFIX
	EC2   EC2    `yaml:"ec2"`
	IAM   IAM    `yaml:"iam"`
	S3    S3     `yaml:"s3"`

	Accounts      Accounts      `yaml:"accounts"`
	Notify        notify.Config `yaml:"notify"`
	FalsePositive FalsePositive `yaml:"false_positive"`
	Policy        Policy        `yaml:"policy"`
	BlastRadius   BlastRadius   `yaml:"blast_radius"`
	Serve         Serve         `yaml:"serve"`
}

// IAM is how users and roles are answered.
type IAM struct {
	Protected []string `yaml:"protected"` // names or globs of users and roles that are never touched
	AllKeys   bool     `yaml:"all_keys"`  // disable all of a user's access keys, not only the finding's
}

// S3 is how buckets are answered.
type S3 struct {
	Sources bool `yaml:"sources"` // also buckets that a finding names as the source of an access
}

// FalsePositive is what a release as a false positive means for repeats of the finding.
type FalsePositive struct {
	SuppressDays int `yaml:"suppress_days"` // 0 to 365, default 7
}

// EC2 is how instances are answered.
type EC2 struct {
	QuarantineProfile string       `yaml:"quarantine_profile"` // ARN of the instance profile that live response runs under
	LiveResponse      LiveResponse `yaml:"live_response"`
	Memory            Memory       `yaml:"memory"`
	CutEstablished    bool         `yaml:"cut_established"`     // end live connections too (default true)
	RevokeSharedRoles bool         `yaml:"revoke_shared_roles"` // revoke a role's sessions even when other instances use it
	BlockRemoteIPs    bool         `yaml:"block_remote_ips"`    // deny the finding's remote addresses in the subnets' network ACLs
	NeverBlock        []string     `yaml:"never_block"`         // blocks or addresses that block_remote_ips leaves alone: partners, resolvers (198.51.100.0/24)
}

// LiveResponse is what is run on the isolated host over Systems Manager, under the quarantine profile.
type LiveResponse struct {
	Channel         string   `yaml:"channel"`          // ChannelHTTPS, or "" for no live response
	Seconds         int      `yaml:"seconds"`          // how long the channel stays open at most; 1 to 3600, default 90
	Commands        []string `yaml:"commands"`         // Linux, for AWS-RunShellScript; a standard list if empty
	WindowsCommands []string `yaml:"windows_commands"` // Windows, for AWS-RunPowerShellScript; a standard list if empty
}

// ChannelHTTPS lets 443 out of an isolated host while live response runs.
const ChannelHTTPS = "https"

// Error is a configuration that cannot be used, and where.
type Error struct {
	File string
	Err  error
}

func (e *Error) Error() string { return fmt.Sprintf("read configuration %s: %v", e.File, e.Err) }
func (e *Error) Unwrap() error { return e.Err }

// Default is the configuration without a file: cases and evidence in the user's state directory, no live response.
func Default(stateDir string) Config {
	return Config{
		Store: URI("sqlite", filepath.Join(stateDir, "cordon.db")),
		Vault: URI("file", filepath.Join(stateDir, "evidence")),
		EC2:   EC2{CutEstablished: true, LiveResponse: LiveResponse{Seconds: 90}, Memory: Memory{Seconds: 1800, MaxGiB: 256}},

		Accounts:      Accounts{SessionName: "cordon"},
		FalsePositive: FalsePositive{SuppressDays: 7},
		Policy:        defaultPolicy(),
		BlastRadius:   StandardBlastRadius(),
		Serve:         defaultServe(),
	}
}

// Everything is a configuration with every step that has to be asked for switched on: for lists of all that there is.
func Everything(c Config) Config {
	c.EC2.BlockRemoteIPs = true
	return c
}

// URI writes an absolute path as a URI of that scheme; odd characters are escaped.
func URI(scheme, path string) string { return (&url.URL{Scheme: scheme, Path: path}).String() }

// StateDir is $XDG_STATE_HOME/cordon, or ~/.local/state/cordon.
func StateDir() (string, error) {
	if dir := os.Getenv("XDG_STATE_HOME"); filepath.IsAbs(dir) {
		return filepath.Join(dir, "cordon"), nil
	}
	home, err := os.UserHomeDir()
	if err != nil {
		return "", &Error{"defaults", fmt.Errorf("find the user's state directory: %w (set HOME or XDG_STATE_HOME)", err)}
	}
	return filepath.Join(home, ".local", "state", "cordon"), nil
}

// Load reads file over the defaults. An unknown key, a wrong type or a value out of bounds is an *Error that names the
// line and column, never the source: a secret that stands there by mistake is not repeated.
func Load(file string, defaults Config) (Config, error) {
	raw, err := os.ReadFile(file)
	if err != nil {
		return defaults, &Error{file, err}
	}
	return Parse(file, raw, defaults)
}

// Parse is Load for content that is read already.
func Parse(file string, raw []byte, defaults Config) (Config, error) {
	c := defaults
	doc, err := strict.Parse(raw)
	if err == nil {
		err = doc.Decode(&c)
	}
	if err == nil {
		err = doc.Locate(c.check())
	}
	if err == nil && doc.Has("ec2", "memory") {
		err = doc.Locate(c.EC2.Memory.toolless())
	}
	if err != nil {
		return defaults, &Error{file, err}
	}
	c.EC2.LiveResponse.fillIn()
	if c.Policy.Builtin == ContainAll && c.BlastRadius == StandardBlastRadius() {
		c.BlastRadius = reported() // nobody is asked, unless the file says so
	}
	return c, nil
}

var profileARN = regexp.MustCompile(`^arn:aws[a-z-]*:iam::[0-9]{12}:instance-profile/[\w+=,.@/-]+$`)

func (c Config) check() error {
	live := c.EC2.LiveResponse
	switch {
	case c.EC2.QuarantineProfile != "" && !profileARN.MatchString(c.EC2.QuarantineProfile):
		return fmt.Errorf("ec2.quarantine_profile: %q is no ARN of an instance profile (arn:aws:iam::111122223333:instance-profile/NAME)", c.EC2.QuarantineProfile)
	case live.Channel != "" && live.Channel != ChannelHTTPS:
		return fmt.Errorf("ec2.live_response.channel: %q is not known; use %q, or leave it out for no live response", live.Channel, ChannelHTTPS)
	case live.Channel != "" && c.EC2.QuarantineProfile == "":
		return errors.New("ec2.live_response: needs ec2.quarantine_profile, because the sessions of the instance's own role are revoked")
	case live.Seconds < 1 || live.Seconds > 3600:
		return fmt.Errorf("ec2.live_response.seconds: %d is not between 1 and 3600", live.Seconds)
	case live.Channel == "" && len(live.Commands)+len(live.WindowsCommands) > 0:
		return fmt.Errorf("ec2.live_response: commands are given but no channel; add channel: %s", ChannelHTTPS)
	case c.FalsePositive.SuppressDays < 0 || c.FalsePositive.SuppressDays > 365:
		return fmt.Errorf("false_positive.suppress_days: %d is not between 0 and 365", c.FalsePositive.SuppressDays)
	}
	for i, block := range c.EC2.NeverBlock {
		if _, err := netip.ParsePrefix(block); err != nil {
			if addr, aerr := netip.ParseAddr(block); aerr != nil || addr.Zone() != "" {
				return strict.In(fmt.Errorf("%.100q is neither a block nor an address (198.51.100.0/24, 198.51.100.7)", block), "ec2", "never_block", i)
			}
		}
	}
	if err := c.EC2.Memory.check(live.Channel); err != nil {
		return err
	}
	if err := c.IAM.check(); err != nil {
		return err
	}
	if err := strict.In(c.Policy.check(), "policy"); err != nil {
		return err
	}
	if err := c.Accounts.check(); err != nil {
		return err
	}
	if err := c.BlastRadius.check(); err != nil {
		return err
	}
	if err := strict.In(c.Serve.check(), "serve"); err != nil {
		return err
	}
	return c.Notify.Check()
}

// fillIn adds the standard commands: all read-only, all with what the host has.
func (l *LiveResponse) fillIn() {
	if l.Channel == "" {
		return
	}
	if len(l.Commands) == 0 {
		l.Commands = []string{
			"date -u", "uname -a", "who -a", "last -n 50", "ps auxwwf", "ss -tunap", "ip addr", "ip route", "lsmod", "mount",
			"systemctl list-units --type=service --no-pager", "crontab -l", "ls -la /etc/cron* /tmp /var/tmp /dev/shm",
			"cat /etc/passwd", "find / -xdev -mtime -2 -type f -not -path '/proc/*' | head -n 500",
		}
	}
	if len(l.WindowsCommands) == 0 {
		l.WindowsCommands = []string{
			"Get-Date -AsUTC", "Get-ComputerInfo", "query user", "Get-CimInstance Win32_Process | Select-Object ProcessId,ParentProcessId,CommandLine | Format-List",
			"Get-NetTCPConnection | Format-Table -AutoSize", "Get-DnsClientCache", "Get-Service", "Get-ScheduledTask | Where-Object State -ne Disabled",
			"Get-LocalUser", "Get-ChildItem C:\\Windows\\Temp, $env:TEMP -Force",
		}
	}
}
