/// ISO 4217 currencies and money as text. Amounts are integers in minor units (paise, cents).
package struct Currency: Hashable, Sendable {
    package let code: String
    /// Digits behind the decimal point of the major unit.
    package let decimals: Int

    /// Nil for a code that is not a currency in use.
    package init?(_ code: String) {
        guard let decimals = Self.decimals(of: code) else { return nil }
        (self.code, self.decimals) = (code, decimals)
    }

    private static func decimals(of code: String) -> Int? {
        if zeroDecimals.contains(code) { return 0 }
        if threeDecimals.contains(code) { return 3 }
        return twoDecimals.contains(code) ? 2 : nil
    }

    /// `1177` in USD is `11.77`.
    package func majorText(_ minor: Int64) -> String { FixedPoint.text(minor, scale: decimals) }

    /// `11.77` or `11.7` or `11` in USD. Nil for more decimals than the currency has, other characters or more than 15
    /// digits.
    package func minor(fromMajor text: String) -> Int64? { FixedPoint.units(text, scale: decimals) }

    private static let zeroDecimals: Set<String> = [
        "BIF", "CLP", "DJF", "GNF", "ISK", "JPY", "KMF", "KRW", "PYG", "RWF", "UGX", "VND", "VUV", "XAF", "XOF", "XPF",
    ]
    private static let threeDecimals: Set<String> = ["BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"]
    private static let twoDecimals: Set<String> = Set(
        """
        AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BGN BMD BND BOB BRL BSD BTN BWP BYN BZD CAD CDF CHF CNY COP CRC
        CUP CVE CZK DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GTQ GYD HKD HNL HTG HUF IDR ILS INR IRR JMD
        KES KGS KHR KPW KYD KZT LAK LBP LKR LRD LSL MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MYR MZN NAD NGN NIO
        NOK NPR NZD PAB PEN PGK PHP PKR PLN QAR RON RSD RUB SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL
        THB TJS TMT TOP TRY TTD TWD TZS UAH USD UYU UZS VED VES WST XCD YER ZAR ZMW ZWG
        """.split(whereSeparator: \.isWhitespace).map(String.init))
}
