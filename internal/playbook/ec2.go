package playbook

import (
	"strings"

	"cordon/internal/config"
	"cordon/internal/finding"
)

// ec2 is the response to a compromised instance. Containment is side by side and first; nothing slow, optional or
// foreign stands before it. The channel that live response and the capture of memory need is sealed right after them, not after
// the snapshots.
//
//	contain ┬ detach-asg                     then ┬ snapshot-volumes
//	        ├ isolate-network                     ├ screenshot
//	        ├ block-remote-ip (opt-in)            ├ deregister-* ─ capture-metadata, map-paths
//	        ├ revoke-instance-role-sessions       │
//	        ├ protect-* , preserve-volumes        └ quarantine-profile ─ live-response ─ capture-memory ─ remove-profile ─ seal-network
//	        └ tag
//
// Release goes through the steps from the last to the first as they stand here: the network is back before the instance
// joins its Auto Scaling group again, whose health checks would fail without it.
func ec2(s Subject) Playbook {
	c := s.Config.EC2
	live := c.LiveResponse
	if !inAccount(c.QuarantineProfile, s.Target.Account) {
		live = config.LiveResponse{Seconds: live.Seconds} // an instance cannot have another account's profile
	}
	network := map[string]any{"channel": live.Channel == config.ChannelHTTPS, "keep_established": !c.CutEstablished}
	contain := Par{
		Step{Action: "ec2.detach-asg", Residual: "its Auto Scaling group may terminate the instance when health checks fail"},
		Step{Action: "ec2.isolate-network", With: network, Essential: true},
		Step{
			Action: "iam.revoke-instance-role-sessions", With: instanceRole(s),
			SkipLeaves: true, Residual: "credentials already handed to the instance stay valid until they expire",
		},
		Step{Action: "ec2.protect-termination"},
		Step{Action: "ec2.protect-stop"},
		Step{Action: "ec2.set-shutdown-behavior"},
		Step{Action: "ec2.preserve-volumes"},
		Step{Action: "ec2.tag", With: map[string]any{"tags": map[string]string{"cordon:case": s.Case}}},
	}
	if c.BlockRemoteIPs {
		contain = append(contain, Step{
			Action: "ec2.block-remote-ip", With: Blocking(c, s.RemoteIPs),
			SkipLeaves: true, Residual: "no remote address is blocked in the network ACLs of the instance's subnets",
		})
	}
	return Playbook{
		Name: "ec2", Summary: "cut the instance off, keep its evidence, protect it from termination", Kind: finding.KindInstance,
		Root: Seq{
			Inline{contain},
			Par{
				Step{Action: "ec2.snapshot-volumes"},
				Step{Action: "ec2.screenshot", Optional: true},
				Seq{
					Par{Step{Action: "ec2.deregister-classic-elb"}, Step{Action: "ec2.deregister-targets"}},
					Par{
						Step{
							Action: "ec2.map-paths", With: map[string]any{"addresses": s.RemoteIPs},
							Optional: true, UntilDone: true, Residual: trackedAlways,
						},
						Step{Action: "ec2.capture-metadata"},
					},
				},
				Seq{
					Step{Action: "ec2.quarantine-profile", With: map[string]any{"profile": c.QuarantineProfile}},
					Step{Action: "ec2.live-response", Optional: true, With: map[string]any{
						"commands": live.Commands, "windows_commands": live.WindowsCommands, "seconds": live.Seconds,
					}},
					Step{Action: "ec2.capture-memory", Optional: true, With: memory(c.Memory, live.Channel)},
					Step{Action: "ec2.remove-profile", Residual: "the instance profile is still there: the host can draw new credentials"},
					Step{Action: "ec2.seal-network", With: network, Closes: true, Residual: "443 out is still open for live response"},
				},
			},
			Step{Action: Settle},
		},
	}
}

// Blocking is the request for denying remote addresses.
func Blocking(c config.EC2, addresses []string) map[string]any {
	return map[string]any{"addresses": addresses, "never": c.NeverBlock}
}

// memory is the request for the memory of a host: without the channel nothing is captured.
func memory(m config.Memory, channel string) map[string]any {
	tools := map[string]any{}
	if channel != "" {
		for platform, t := range m.Tools() {
			tools[platform] = map[string]any{"tool": t.Tool, "sha256": t.SHA256, "arguments": t.Arguments}
		}
	}
	return map[string]any{"tools": tools, "seconds": m.Seconds, "max_gib": m.MaxGiB}
}

// trackedAlways is what may get through as long as nobody has looked what there is in the instance's subnets.
const trackedAlways = "connections that were already open through a NAT gateway, Network Load Balancer, interface endpoint, egress-only internet gateway, " +
	"firewall endpoint or Global Accelerator stay open until idle: they are always tracked"

// inAccount says whether an ARN is of that account.
func inAccount(arn, account string) bool {
	f := strings.SplitN(arn, ":", 6)
	return len(f) == 6 && f[4] == account
}

func instanceRole(s Subject) map[string]any {
	with := revocation(s)
	with["include_shared"] = s.Config.EC2.RevokeSharedRoles
	return with
}
