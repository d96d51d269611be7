// SPDX-License-Identifier: Apache-2.0

package market

import (
	"errors"
	"time"

	"github.com/koogate/koogate/koogallery/wiretime"
)

// Why nothing can be done with an authorisation code (saas-v1 §5.2c).
var (
	// ErrCode says that there is no such code.
	ErrCode = errors.New("simulator: unknown authorisation code")

	// ErrCodeState says that the code is expired, released or activated already.
	ErrCodeState = errors.New("simulator: not possible in the state of the code")

	// ErrCodeReceived says that the buyer has not collected the code.
	ErrCodeReceived = errors.New("simulator: the code was not received")

	// ErrCodeInactive says that the code was not activated.
	ErrCodeInactive = errors.New("simulator: the code was not activated")

	// ErrCodeEffect says that the code would take effect before it was ordered.
	ErrCodeEffect = errors.New("simulator: the code would take effect before its order")
)

// ActivateLicenses activates codes, all or none. effect is when they took effect;
// zero: unknown. Errors: ErrCode, ErrCodeState, ErrCodeReceived, ErrCodeEffect.
func (s *Market) ActivateLicenses(codes []string, effect time.Time) ([]License, error) {
	now := s.MarketNow()
	s.book.mu.Lock()
	defer s.book.mu.Unlock()
	for _, code := range codes {
		o := s.book.licenses[code]
		switch {
		case o == nil:
			return nil, ErrCode
		case !o.license.activated.IsZero(), o.licenseAt(now).Status != LicenseAlive:
			return nil, ErrCodeState
		case o.license.received.IsZero():
			return nil, ErrCodeReceived
		case !effect.IsZero() && effect.Before(o.CreateTime.Truncate(time.Second)):
			return nil, ErrCodeEffect
		}
	}
	out := make([]License, 0, len(codes))
	for _, code := range codes {
		o := s.book.licenses[code]
		o.license.activated, o.license.effect = now.UTC(), effect
		out = append(out, o.licenseAt(now))
	}
	return out, nil
}

// QueryLicenses returns active codes and counts the query, of an account if it is
// not "". Errors: ErrCode, ErrCodeInactive.
func (s *Market) QueryLicenses(codes []string, account string) ([]License, error) {
	now := s.MarketNow()
	s.book.mu.Lock()
	defer s.book.mu.Unlock()
	out := make([]License, 0, len(codes))
	for _, code := range codes {
		o := s.book.licenses[code]
		switch {
		case o == nil:
			return nil, ErrCode
		case o.license.activated.IsZero():
			return nil, ErrCodeInactive
		}
		out = append(out, o.licenseAt(now))
	}
	for _, code := range codes {
		o := s.book.licenses[code]
		o.license.heartbeats++
		if account != "" {
			o.license.use(dayOf(now), []string{account}, 0)
		}
	}
	return out, nil
}

// UseLicense counts the clients of an active code. Errors: ErrCode,
// ErrCodeInactive, ErrCodeState.
func (s *Market) UseLicense(code string, clients []string, active int) error {
	now := s.MarketNow()
	s.book.mu.Lock()
	defer s.book.mu.Unlock()
	o := s.book.licenses[code]
	switch {
	case o == nil:
		return ErrCode
	case o.license.activated.IsZero():
		return ErrCodeInactive
	case o.licenseAt(now).Status == LicenseReleased:
		return ErrCodeState
	}
	o.license.use(dayOf(now), clients, active)
	return nil
}

func dayOf(t time.Time) string { return t.In(wiretime.Beijing()).Format(time.DateOnly) }
