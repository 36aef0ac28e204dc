package config_test

import (
	"strings"
	"testing"

	"cordon/internal/config"
)

func TestBlastRadius(t *testing.T) {
	standard := config.Default("/").BlastRadius
	for _, tt := range []struct {
		name, text string
		want       func(*config.BlastRadius)
		err        string
	}{
		{name: "nothing", text: ``, want: func(*config.BlastRadius) {}},
		{name: "one key leaves the others", text: "blast_radius: {last_healthy_target: report}", want: func(b *config.BlastRadius) { b.LastHealthyTarget = config.Report }},
		{name: "half of a group", text: "blast_radius: {group_share: {percent: 30}}", want: func(b *config.BlastRadius) { b.GroupShare.Percent = 30 }},
		{name: "many users", text: "blast_radius: {role_users: {more_than: 4, then: approve}, unknown: approve}", want: func(b *config.BlastRadius) {
			b.RoleUsers, b.Unknown = config.RoleUsers{MoreThan: 4, Then: config.Approve}, config.Approve
		}},
		{name: "no such weight", text: "blast_radius: {website: maybe}", err: `blast_radius.website: "maybe" is not known; use approve, report or ignore`},
		{name: "no such weight within", text: "blast_radius: {group_share: {then: ask}}", err: "blast_radius.group_share.then"},
		{name: "too much", text: "blast_radius: {group_share: {percent: 101}}", err: "blast_radius.group_share.percent: 101"},
		{name: "negative", text: "blast_radius: {role_users: {more_than: -1}}", err: "blast_radius.role_users.more_than: -1"},
		{name: "no such key", text: "blast_radius:\n  webite: report", err: "[2:3]"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, err := config.Parse("cordon.yaml", []byte(tt.text), config.Default("/"))
			if tt.err != "" {
				if err == nil || !strings.Contains(err.Error(), tt.err) {
					t.Fatalf("%v, want %s", err, tt.err)
				}
				return
			}
			want := standard
			tt.want(&want)
			if err != nil || got.BlastRadius != want {
				t.Errorf("%+v, %v", got.BlastRadius, err)
			}
		})
	}
}

// TestContainAllAsksNobody: who contains everything is told what it breaks, and asked about Cordon's own parts alone.
func TestContainAllAsksNobody(t *testing.T) {
	for text, want := range map[string]config.Weight{
		"policy: {builtin: contain-all}":                                   config.Report,
		"policy: {builtin: contain-all}\nblast_radius: {unknown: approve}": config.Approve, // the file has a say of its own
		"policy: {builtin: standard}":                                      config.Approve,
	} {
		c, err := config.Parse("test", []byte(text), config.Default("/"))
		if err != nil {
			t.Fatal(err)
		}
		if c.BlastRadius.LastHealthyTarget != want || c.BlastRadius.OwnParts != config.Approve {
			t.Errorf("%s: %+v", text, c.BlastRadius)
		}
	}
}
