package config

import (
	"fmt"
	"slices"
)

// BlastRadius says what becomes of a containment that would break more than its target, by what it would break.
type BlastRadius struct {
	LastHealthyTarget Weight     `yaml:"last_healthy_target"` // the last healthy one of a target group or classic balancer
	GroupAtMinimum    Weight     `yaml:"group_at_minimum"`    // its Auto Scaling group is at its minimum size
	GroupShare        GroupShare `yaml:"group_share"`
	RoleUsers         RoleUsers  `yaml:"role_users"`
	SharedSubnet      Weight     `yaml:"shared_subnet"` // other instances are under a network ACL that ec2.block_remote_ips changes
	UserInUse         Weight     `yaml:"user_in_use"`   // a user with other active keys, or who uses the console
	Website           Weight     `yaml:"website"`       // a bucket that hosts a website
	CloudFront        Weight     `yaml:"cloudfront"`    // a bucket that CloudFront reads
	OwnParts          Weight     `yaml:"own_parts"`     // what Cordon itself runs on

	// Unknown is for what could not be read, or not in time: approve asks where the thing itself would have asked.
	Unknown Weight `yaml:"unknown"`
}

// GroupShare is about the share of an Auto Scaling group that would be cut off by several cases together.
type GroupShare struct {
	Percent int    `yaml:"percent"` // above it; 0 to 100, default 50
	Then    Weight `yaml:"then"`    // approve, report (default) or ignore
}

// RoleUsers is about how many running instances share the role.
type RoleUsers struct {
	MoreThan int    `yaml:"more_than"` // default 0
	Then     Weight `yaml:"then"`      // approve, report (default) or ignore
}

// Weight is what a concern leads to.
type Weight string

// The weights of a concern.
const (
	Approve Weight = "approve" // a person must say yes first
	Report  Weight = "report"  // it is contained; the case says what it breaks
	Ignore  Weight = "ignore"  // it is not looked at
)

// Weights lists the weights.
func Weights() []Weight { return []Weight{Approve, Report, Ignore} }

// StandardBlastRadius asks where a service would end, or Cordon itself; the rest is reported.
func StandardBlastRadius() BlastRadius {
	return BlastRadius{
		LastHealthyTarget: Approve, GroupAtMinimum: Approve, OwnParts: Approve, SharedSubnet: Report,
		GroupShare: GroupShare{Percent: 50, Then: Report}, RoleUsers: RoleUsers{Then: Report},
		UserInUse: Report, Website: Report, CloudFront: Report, Unknown: Report,
	}
}

// reported asks about Cordon's own parts alone.
func reported() BlastRadius {
	b := StandardBlastRadius()
	b.LastHealthyTarget, b.GroupAtMinimum, b.SharedSubnet = Report, Report, Report
	return b
}

func (b BlastRadius) check() error {
	for _, w := range []struct {
		key string
		Weight
	}{
		{"last_healthy_target", b.LastHealthyTarget},
		{"group_at_minimum", b.GroupAtMinimum},
		{"group_share.then", b.GroupShare.Then},
		{"role_users.then", b.RoleUsers.Then},
		{"shared_subnet", b.SharedSubnet},
		{"user_in_use", b.UserInUse},
		{"website", b.Website},
		{"cloudfront", b.CloudFront},
		{"own_parts", b.OwnParts},
		{"unknown", b.Unknown},
	} {
		if !slices.Contains(Weights(), w.Weight) {
			return fmt.Errorf("blast_radius.%s: %q is not known; use %s, %s or %s", w.key, string(w.Weight), Approve, Report, Ignore)
		}
	}
	switch {
	case b.GroupShare.Percent < 0 || b.GroupShare.Percent > 100:
		return fmt.Errorf("blast_radius.group_share.percent: %d is not between 0 and 100", b.GroupShare.Percent)
	case b.RoleUsers.MoreThan < 0:
		return fmt.Errorf("blast_radius.role_users.more_than: %d is negative", b.RoleUsers.MoreThan)
	}
	return nil
}
