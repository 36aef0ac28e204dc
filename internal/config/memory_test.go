package config_test

import (
	"strings"
	"testing"

	"cordon/internal/config"
)

func TestMemory(t *testing.T) {
	const hash = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
	const live = "quarantine_profile: 'arn:aws:iam::111122223333:instance-profile/q', live_response: {channel: https}"
	for name, c := range map[string]struct{ memory, live, want string }{
		"one tool":         {"{linux: {tool: s3://my-bucket/cordon/tools/avml, sha256: " + hash + ", arguments: [--source, /proc/kcore]}}", live, ""},
		"all of them":      {"{linux: {tool: s3://b-1/t, sha256: " + hash + "}, linux_arm64: {tool: s3://b-1/a, sha256: " + hash + "}, windows: {tool: s3://b-1/w.exe, sha256: " + hash + ", arguments: [acquire, --nosparse]}, seconds: 60, max_gib: 1024}", live, ""},
		"numbers alone":    {"{seconds: 1800}", live, "no tool is named"},
		"an empty section": {"{}", live, "no tool is named"},
		"empty platform":   {"{linux: {}}", live, "no tool is named"},
		"nothing":          {"", live, ""},
		"a short bucket":   {"{linux: {tool: s3://b/k, sha256: " + hash + "}}", live, "a bucket's name has 3 to 63"},
		"no channel":       {"{linux: {tool: s3://b-1/t, sha256: " + hash + "}}", "revoke_shared_roles: true", "add ec2.live_response.channel: https"},
		"no hash":          {"{linux: {tool: s3://b-1/t}}", live, "the tool's hash is missing"},
		"a short hash":     {"{linux: {tool: s3://b-1/t, sha256: abc}}", live, "is no SHA-256"},
		"upper case":       {"{linux: {tool: s3://b-1/t, sha256: " + strings.ToUpper(hash) + "}}", live, "is no SHA-256"},
		"no tool":          {"{windows: {sha256: " + hash + "}}", live, "is not of the form s3://BUCKET/KEY"},
		"tool by HTTPS":    {"{linux: {tool: 'https://example.com/avml', sha256: " + hash + "}}", live, "is not of the form s3://BUCKET/KEY"},
		"a shell's words":  {"{linux: {tool: s3://b-1/t, sha256: " + hash + ", arguments: ['$(id)']}}", live, "characters that are not taken"},
		"an empty word":    {"{linux: {tool: s3://b-1/t, sha256: " + hash + ", arguments: ['']}}", live, "characters that are not taken"},
		"another platform": {"{macos: {}}", live, "macos"},
		"too long":         {"{seconds: 21601}", live, "21601 is not between 60 and 21600"},
		"too large":        {"{max_gib: 1025}", live, "1025 is not between 1 and 1024"},
	} {
		t.Run(name, func(t *testing.T) {
			keys := "memory: " + c.memory
			if c.live != "" {
				keys += ", " + c.live
			}
			_, err := config.Parse("cordon.yaml", []byte("ec2: {"+keys+"}\n"), config.Default("/"))
			if c.want == "" && err != nil || c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)) {
				t.Errorf("%v, want %q", err, c.want)
			}
		})
	}
}
