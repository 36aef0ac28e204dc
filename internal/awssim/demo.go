package awssim

import "time"

// DemoRegion is where Demo and Large build.
const DemoRegion = "us-east-1"

const (
	demoVPC     = "vpc-0a1b2c3d4e5f60001"
	demoPublic  = "subnet-0a1b2c3d4e5f60001"
	demoPrivate = "subnet-0a1b2c3d4e5f60002"
	demoWeb     = "sg-0a1b2c3d4e5f60001"
	demoSSH     = "sg-0a1b2c3d4e5f60002"
	demoBatch   = "sg-0a1b2c3d4e5f60003"
	demoDB      = "sg-0a1b2c3d4e5f60004"

	demoAttacker = "198.51.100.23" // the remote address in examples/findings
)

// Demo fills an empty account with what the findings in examples/findings name:
//
//	vpc 10.20.0.0/16, IPv6
//	├─ public subnet ─ IGW    web-1 (2 interfaces, 3 volumes) and web-2, Auto Scaling group web-asg behind
//	│                         target group web-tg and classic balancer web-classic; metrics-tg by address
//	└─ private subnet ─ NAT   batch-1 and batch-2 (Windows, one role); db-1 (arm64, termination protection)
//	IAM: web-app, batch, cordon-quarantine; user deploy-bot        S3: a public and an evidence bucket
//	GuardDuty on, repeats every fifteen minutes; Cordon's own role, an administrator
//
// Each of the instances 1, 2 and 3 has live connections; see [Account.Flows].
func Demo(a *Account) error {
	if err := a.update(demoIAM); err != nil {
		return err
	}
	if err := a.Edit(DemoRegion, func(ed *Editor) error {
		for _, step := range []func(*Editor) error{demoNetwork, demoGroups, demoInstances} {
			if err := step(ed); err != nil {
				return err
			}
		}
		return nil
	}); err != nil {
		return err
	}
	if err := a.update(func(s *state) {
		demoBalancers(s)
		demoScaling(s)
		demoSSM(s)
		demoS3(s)
		demoDetection(s)
		demoResponder(s)
	}); err != nil {
		return err
	}
	for _, f := range []Flow{
		{Interface: "eni-0a1b2c3d4e5f60001", Remote: demoAttacker, Port: 4444, Direction: Outbound},
		{Interface: "eni-0a1b2c3d4e5f60001", Remote: "10.20.2.99", Port: 22, Direction: Inbound, Via: ViaVPC},
		{Interface: "eni-0a1b2c3d4e5f60003", Remote: demoAttacker, Port: 443, Direction: Outbound, Via: ViaNATGateway},
		{Interface: "eni-0a1b2c3d4e5f60003", Remote: "10.20.2.99", Port: 22, Direction: Inbound, Via: ViaVPC},
		{Interface: "eni-0a1b2c3d4e5f60004", Remote: "10.20.1.10", Port: 5432, Direction: Inbound, Via: ViaVPC},
		{Interface: "eni-0a1b2c3d4e5f60004", Remote: demoAttacker, Port: 53, Protocol: "udp", Direction: Outbound, Via: ViaNATGateway},
	} {
		if _, err := a.OpenFlow(DemoRegion, f); err != nil {
			return err
		}
	}
	return nil
}

func demoNetwork(ed *Editor) error {
	return firstError(
		ed.VPC(demoVPC, "10.20.0.0/16", true),
		ed.Subnet(demoPublic, demoVPC, "10.20.1.0/24", DemoRegion+"a", 1),
		ed.Subnet(demoPrivate, demoVPC, "10.20.2.0/24", DemoRegion+"a", 2),
		ed.Gateway("igw-0a1b2c3d4e5f60001", demoVPC),
		ed.Gateway("nat-0a1b2c3d4e5f60001", demoVPC),
		ed.RouteTable("rtb-0a1b2c3d4e5f60001", demoVPC, "igw-0a1b2c3d4e5f60001", demoPublic),
		ed.RouteTable("rtb-0a1b2c3d4e5f60002", demoVPC, "nat-0a1b2c3d4e5f60001", demoPrivate),
	)
}

func demoGroups(ed *Editor) error {
	in := func(port int32, peer string) Rule { return Rule{Protocol: "tcp", From: port, To: port, Peer: peer} }
	return firstError(
		ed.Group(demoWeb, demoVPC, "web", in(80, "0.0.0.0/0"), in(443, "0.0.0.0/0"), in(80, "::/0"), in(443, "::/0"), in(9090, "10.20.0.0/16")),
		ed.Group(demoSSH, demoVPC, "ssh-bastion", in(22, "10.20.0.0/16")),
		ed.Group(demoBatch, demoVPC, "batch", in(22, "10.20.0.0/16"), in(3389, "10.20.0.0/16")),
		ed.Group(demoDB, demoVPC, "db", in(5432, demoWeb)),
	)
}

func demoInstances(ed *Editor) error {
	launched := ed.now.Add(-90 * 24 * time.Hour)
	root := func(id string) []VolumeSpec { return []VolumeSpec{{ID: id, Device: rootDevice, Size: 30}} }
	one := func(id, subnet, ip string, groups ...string) []InterfaceSpec {
		return []InterfaceSpec{{ID: id, Subnet: subnet, IP: ip, Groups: groups}}
	}
	return firstError(
		ed.Instance(InstanceSpec{
			ID: "i-0a1b2c3d4e5f60001", Profile: "web-app", Launched: launched, UserData: "#!/bin/sh\nexec /opt/shop/start\n",
			Interfaces: []InterfaceSpec{
				{ID: "eni-0a1b2c3d4e5f60001", Subnet: demoPublic, IP: "10.20.1.10", Public: "203.0.113.11", IPv6: []string{"2600:1f18:0:1::10"}, Groups: []string{demoWeb, demoSSH}},
				{ID: "eni-0a1b2c3d4e5f60002", Subnet: demoPublic, IP: "10.20.1.12", Groups: []string{demoSSH}},
			},
			Volumes: []VolumeSpec{
				{ID: "vol-0a1b2c3d4e5f60001", Device: rootDevice, Size: 30, Tags: map[string]string{"Name": "web-1-root"}},
				{ID: "vol-0a1b2c3d4e5f60002", Device: "/dev/sdf", Size: 100, Keep: true, Tags: map[string]string{"Name": "web-1-data"}},
				{ID: "vol-0a1b2c3d4e5f60003", Device: "/dev/sdg", Size: 20},
			},
			Tags: map[string]string{"Name": "web-1", "app": "shop", "cordon:note": "owned by team shop"},
		}),
		ed.Instance(InstanceSpec{
			ID: "i-0a1b2c3d4e5f60011", Profile: "web-app", Launched: launched, Image: "ami-0a1b2c3d4e5f60001", Volumes: root("vol-0a1b2c3d4e5f60011"),
			Interfaces: one("eni-0a1b2c3d4e5f60011", demoPublic, "10.20.1.11", demoWeb), Tags: map[string]string{"Name": "web-2", "app": "shop"},
		}),
		ed.Instance(InstanceSpec{
			ID: "i-0a1b2c3d4e5f60002", Windows: true, Profile: "batch", Launched: launched, Volumes: root("vol-0a1b2c3d4e5f60004"),
			Interfaces: one("eni-0a1b2c3d4e5f60003", demoPrivate, "10.20.2.21", demoBatch), Tags: map[string]string{"Name": "batch-1"},
		}),
		ed.Instance(InstanceSpec{
			ID: "i-0a1b2c3d4e5f60012", Windows: true, Profile: "batch", Launched: launched, Image: "ami-0a1b2c3d4e5f60002", Volumes: root("vol-0a1b2c3d4e5f60012"),
			Interfaces: one("eni-0a1b2c3d4e5f60012", demoPrivate, "10.20.2.22", demoBatch), Tags: map[string]string{"Name": "batch-2"},
		}),
		ed.Instance(InstanceSpec{
			ID: "i-0a1b2c3d4e5f60003", Type: "m7g.large", NoTermination: true, Launched: launched,
			Volumes:    append(root("vol-0a1b2c3d4e5f60005"), VolumeSpec{ID: "vol-0a1b2c3d4e5f60006", Device: "/dev/sdf", Size: 200, Keep: true}),
			Interfaces: one("eni-0a1b2c3d4e5f60004", demoPrivate, "10.20.2.31", demoDB), Tags: map[string]string{"Name": "db-1"},
		}),
	)
}

// firstError is the first error there is; what comes after a failure may have failed because of it.
func firstError(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}
